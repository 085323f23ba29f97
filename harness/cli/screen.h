// A terminal that one program draws over and over.
#ifndef ASSAY_HARNESS_CLI_SCREEN_H_
#define ASSAY_HARNESS_CLI_SCREEN_H_

#include <termios.h>

#include <cstddef>
#include <string>
#include <vector>

namespace assay {

// While it lives, the terminal of standard input and output shows a page of its
// own without cursor, and keys come at once and unseen; what was there before
// comes back at the end. Ctrl-C still is SIGINT.
class Screen {
 public:
  // Whether there is such a terminal.
  static bool Possible();

  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  struct Size {
    size_t columns, rows;
  };
  Size size() const;  // now: windows change

  void Draw(const std::vector<std::string>& lines);

  // The next key, or 0 when none came in that time or a signal did.
  char Key(int wait_ms);

 private:
  termios before_ = {};
};

// What draws these lines over the old ones: in place and in one piece, so that
// nothing flickers.
std::string FrameText(const std::vector<std::string>& lines);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_SCREEN_H_
