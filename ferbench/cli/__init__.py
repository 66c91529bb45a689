"""The command line: parse, call, print; a file a command."""
