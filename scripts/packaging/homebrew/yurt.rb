class Yurt < Formula
  desc "Self-hosted sync and signaling server for Yjs apps"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@URL@/yurt-@VERSION@-darwin-arm64.tar.gz"
      sha256 "@SHA256:darwin-arm64@"
    end
    on_intel do
      url "@URL@/yurt-@VERSION@-darwin-x64.tar.gz"
      sha256 "@SHA256:darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@URL@/yurt-@VERSION@-linux-arm64.tar.gz"
      sha256 "@SHA256:linux-arm64@"
    end
    on_intel do
      url "@URL@/yurt-@VERSION@-linux-x64.tar.gz"
      sha256 "@SHA256:linux-x64@"
    end
  end

  def install
    bin.install "yurt"
    bash_completion.install "completions/yurt.bash" => "yurt"
    zsh_completion.install "completions/_yurt"
    fish_completion.install "completions/yurt.fish"
    (var/"yurt").mkpath
  end

  service do
    run [opt_bin/"yurt", "serve"]
    environment_variables YURT_DATA: var/"yurt"
    keep_alive crashed: true
    log_path var/"log/yurt.log"
    error_log_path var/"log/yurt.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/yurt version")
  end
end
