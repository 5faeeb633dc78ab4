import TPCommands

CommandLineTool.run()
