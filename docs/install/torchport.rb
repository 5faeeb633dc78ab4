# The formula for Homebrew: put it into a tap as Formula/torchport.rb, with the address and the checksum of
# the release's sources in place of URL and SHA256.
class Torchport < Formula
  desc "Open, convert, compare and verify PyTorch checkpoints without Python"
  homepage "URL"
  url "URL"
  sha256 "SHA256"
  license "Apache-2.0"

  depends_on "pkgconf" => :build
  depends_on xcode: ["26.0", :build]
  depends_on "hdf5"
  depends_on "libdeflate"
  depends_on "libyaml"
  depends_on "libzip"
  depends_on macos: :tahoe

  uses_from_macos "swift" => :build

  def install
    system "swift", "build", "--disable-sandbox", "-c", "release", "--product", "torchport"
    system "make", "install", "PREFIX=#{prefix}"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/torchport --version")
    assert_match "LightweightCNNLSTM", shell_output("#{bin}/torchport inspect --architecture LightweightCNNLSTM")
  end
end
