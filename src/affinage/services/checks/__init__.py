"""What the doctor looks at; each check finds and tells, and changes nothing."""
