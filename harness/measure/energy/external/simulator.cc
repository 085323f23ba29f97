#include "harness/measure/energy/external/simulator.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assay {

MeterSimulator::MeterSimulator(Line line, SimulatorOptions options)
    : line_(line), options_(std::move(options)) {
  if (line == Line::kTcp) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in local = {};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(local);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&local), size) != 0 ||
        listen(listener_, 4) != 0) {
      abort();
    }
    getsockname(listener_, reinterpret_cast<sockaddr*>(&local), &size);
    address_ = absl::StrCat("tcp:127.0.0.1:", ntohs(local.sin_port));
  } else {
    listener_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (listener_ < 0 || grantpt(listener_) != 0 || unlockpt(listener_) != 0) {
      abort();
    }
    const char* path = ptsname(listener_);
    slave_ = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios raw = {};
    tcgetattr(slave_, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave_, TCSANOW, &raw);
    address_ = absl::StrCat("serial:", path, ":115200");
  }
  thread_ = std::thread([this] { Serve(); });
}

MeterSimulator::~MeterSimulator() {
  done_ = true;
  thread_.join();
  close(listener_);
  if (slave_ >= 0) close(slave_);
}

void MeterSimulator::Serve() {
  while (!done_) {
    if (line_ == Line::kSerial) {
      Talk(listener_);
      continue;
    }
    pollfd waiting = {listener_, POLLIN, 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    Talk(fd);
    close(fd);
  }
}

void MeterSimulator::Talk(int fd) {
  std::string pending;
  while (!done_) {
    pollfd waiting = {fd, POLLIN, 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    char buffer[256];
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n <= 0) return;
    pending.append(buffer, static_cast<size_t>(n));
    for (size_t end; (end = pending.find('\n')) != std::string::npos;) {
      const std::string answer = Answer(pending.substr(0, end));
      pending.erase(0, end + 1);
      if (!answer.empty() && write(fd, answer.data(), answer.size()) <= 0) {
        return;
      }
    }
  }
}

std::string MeterSimulator::Answer(const std::string& question) {
  if (question == "HELLO assay-meter/1") {
    return absl::StrCat(options_.introduction, "\n");
  }
  if (question != "READ") return "ERROR unknown question\n";
  const std::vector<std::string> readings =
      absl::StrSplit(options_.readings, ' ');
  const std::string joules = readings[std::min(next_++, readings.size() - 1)];
  return absl::StrFormat("JOULES %s %.6f\n", joules,
                         absl::ToDoubleSeconds(absl::Now() - start_));
}

}  // namespace assay
