// TPPickle: pickle opcodes, the machine, the value arena; nothing is ever imported or called.
