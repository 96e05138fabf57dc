"""What reading digits is: an image file becomes digit crops, 28x28 arrays, probabilities, and a reading."""
