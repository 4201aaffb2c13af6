# Compiled for its handlers; it has nothing that another module reaches in C.
