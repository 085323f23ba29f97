#include "harness/cli/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {
namespace {

// The other page, no cursor; and back.
constexpr absl::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr absl::string_view kLeave = "\x1b[?25h\x1b[?1049l";

void WriteAll(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

bool Screen::Possible() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

Screen::Screen() {
  tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  WriteAll(kEnter);
}

Screen::~Screen() {
  WriteAll(kLeave);
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

Screen::Size Screen::size() const {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
      size.ws_row == 0) {
    return {80, 24};
  }
  return {size.ws_col, size.ws_row};
}

void Screen::Draw(const std::vector<std::string>& lines) {
  WriteAll(FrameText(lines));
}

char Screen::Key(int wait_ms) {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, wait_ms) <= 0) return 0;
  char key = 0;
  return read(STDIN_FILENO, &key, 1) == 1 ? key : 0;
}

std::string FrameText(const std::vector<std::string>& lines) {
  // Terminals that can, show it all at once (mode 2026); others ignore that.
  std::string text = "\x1b[?2026h\x1b[H";
  const char* between = "";
  for (const std::string& line : lines) {
    absl::StrAppend(&text, between, line, "\x1b[K");
    between = "\r\n";
  }
  return absl::StrCat(text, "\x1b[J\x1b[?2026l");
}

}  // namespace assay
