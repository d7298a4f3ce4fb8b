"""What a line is: the grammar of the log, and the table form that lines take."""
