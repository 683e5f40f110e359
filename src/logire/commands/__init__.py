"""The commands of the command line, each one call into the package; :mod:`logire.cli` puts them together."""
