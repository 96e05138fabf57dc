"""What `digits run` supervises: the broker, the parts that use it, and the work that is still to be done."""
