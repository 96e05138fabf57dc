"""What terminal and pages share: text for people, and the templates of all pages."""
