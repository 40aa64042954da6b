"""Fuzzing: everything that reads bytes from outside, with one promise (see ``target``)."""
