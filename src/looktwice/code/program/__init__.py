"""All files together: what they see of each other, their entry points, and one function with what it calls."""
