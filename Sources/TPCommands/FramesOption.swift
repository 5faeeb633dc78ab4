internal import ArgumentParser
internal import LipReading

/// `--sampling`, for commands that make clips of pictures and videos.
struct FramesOption: ParsableArguments {
  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case center
    case even
  }

  @Option(
    name: .customLong("sampling"),
    help: ArgumentHelp(
      "Which frames of pictures or a video make a clip: the middle ones, as in training, or evenly"
        + " spaced ones.", valueName: "sampling"))
  var choice = Choice.center

  /// What readers of clips are handed.
  var sampling: FrameSampling {
    switch choice {
    case .center: .center
    case .even: .even
    }
  }
}
