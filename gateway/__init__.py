"""The running process: the only code that reads the environment, builds objects and opens sockets."""
