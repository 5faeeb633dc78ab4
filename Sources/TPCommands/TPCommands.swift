// TPCommands: the subcommands.
