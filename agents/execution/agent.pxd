# Compiled as it stands: `Execution` derives from a class of Python, and its attributes are those of one.
