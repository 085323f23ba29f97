#include "harness/measure/energy/external/line_channel.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr size_t kLongestLine = 4096;
constexpr int kConnectMs = 2000;

absl::Status SystemError(absl::string_view address, absl::string_view what) {
  return absl::UnavailableError(
      absl::StrCat(address, ": cannot ", what, ": ", std::strerror(errno)));
}

// Waits for `events`; false after `ms`.
bool Ready(int fd, short events, int ms) {
  pollfd one = {fd, events, 0};
  return poll(&one, 1, ms) > 0;
}

bool ConnectInTime(int fd, const addrinfo& to) {
  if (connect(fd, to.ai_addr, to.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  if (!Ready(fd, POLLOUT, kConnectMs)) {
    errno = ETIMEDOUT;
    return false;
  }
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0;
}

absl::StatusOr<int> OpenTcp(const std::string& address, const std::string& host,
                            const std::string& port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat(address, ": ", gai_strerror(error)));
  }
  int fd = -1;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && ConnectInTime(fd, *one)) break;
    const int why = errno;
    if (fd >= 0) close(fd);
    fd = -1;
    errno = why;
  }
  freeaddrinfo(found);
  if (fd < 0) return SystemError(address, "connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

absl::StatusOr<speed_t> SpeedOf(const std::string& address,
                                const std::string& baud) {
  static constexpr std::pair<const char*, speed_t> kSpeeds[] = {
      {"9600", B9600},     {"19200", B19200},   {"38400", B38400},
      {"57600", B57600},   {"115200", B115200}, {"230400", B230400},
      {"921600", B921600},
  };
  for (const auto& [name, speed] : kSpeeds) {
    if (baud == name) return speed;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      address,
      ": expected 9600, 19200, 38400, 57600, 115200, 230400 or 921600 "
      "baud, got \"",
      baud, "\""));
}

absl::StatusOr<int> OpenSerial(const std::string& address,
                               const std::string& path,
                               const std::string& baud) {
  ASSAY_ASSIGN_OR_RETURN(const speed_t speed, SpeedOf(address, baud));
  const int fd = open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return SystemError(address, "open");
  termios line = {};
  if (tcgetattr(fd, &line) != 0) {
    const absl::Status status = SystemError(address, "set up a serial line");
    close(fd);
    return status;
  }
  cfmakeraw(&line);
  line.c_cflag |= CLOCAL | CREAD;
  line.c_cflag &= ~static_cast<tcflag_t>(CSTOPB);
  cfsetispeed(&line, speed);
  cfsetospeed(&line, speed);
  tcsetattr(fd, TCSANOW, &line);
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineChannel>> LineChannel::Open(
    const std::string& address) {
  const size_t first = address.find(':'), last = address.rfind(':');
  const bool three_parts = first != std::string::npos && first < last &&
                           last + 1 < address.size() && last > first + 1;
  if (three_parts) {
    const std::string kind = address.substr(0, first);
    const std::string middle = address.substr(first + 1, last - first - 1);
    const std::string end = address.substr(last + 1);
    int fd = -1;
    if (kind == "tcp") {
      ASSAY_ASSIGN_OR_RETURN(fd, OpenTcp(address, middle, end));
    } else if (kind == "serial") {
      ASSAY_ASSIGN_OR_RETURN(fd, OpenSerial(address, middle, end));
    }
    if (fd >= 0) {
      return std::unique_ptr<LineChannel>(new LineChannel(address, fd));
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("meter: expected tcp:HOST:PORT or serial:PATH:BAUD, got \"",
                   address, "\""));
}

LineChannel::~LineChannel() { close(fd_); }

absl::Status LineChannel::Error(absl::string_view what) const {
  return absl::UnavailableError(absl::StrCat(address_, ": ", what));
}

absl::Status LineChannel::Send(absl::string_view line) {
  const std::string text = absl::StrCat(line, "\n");
  absl::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t n = write(fd_, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      return SystemError(address_, "write");
    } else if (!Ready(fd_, POLLOUT, kConnectMs)) {
      return Error("takes no question");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LineChannel::Ask(absl::string_view line,
                                             double timeout_seconds) {
  char buffer[512];
  while (Ready(fd_, POLLIN, 0)) {
    if (read(fd_, buffer, sizeof(buffer)) <= 0) return Error("hung up");
  }
  ASSAY_RETURN_IF_ERROR(Send(line));
  const absl::Time end = absl::Now() + absl::Seconds(timeout_seconds);
  std::string answer;
  while (answer.find('\n') == std::string::npos) {
    const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
    if (left <= 0 || !Ready(fd_, POLLIN, static_cast<int>(left))) {
      return Error(absl::StrCat("no answer to \"", line, "\" in ",
                                timeout_seconds, " s"));
    }
    const ssize_t n = read(fd_, buffer, sizeof(buffer));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
      return Error("hung up");
    }
    if (n > 0) answer.append(buffer, static_cast<size_t>(n));
    if (answer.size() > kLongestLine) return Error("a line without an end");
  }
  answer.resize(answer.find('\n'));
  return std::string(absl::StripSuffix(answer, "\r"));
}

}  // namespace assay
