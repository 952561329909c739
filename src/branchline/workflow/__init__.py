"""one function per command: the program as a table of contents

`plan` reads, reviews and approves; `run` executes, pulses and lands; `wish` asks the coordinator for something;
`look` only reads; `care` demonstrates and completes.
"""
