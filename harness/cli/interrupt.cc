#include "harness/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace assay {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "the handler may only touch a lock-free flag");

void OnSignal(int signal) {
  if (g_stop.exchange(true) && signal == SIGINT) _exit(128 + SIGINT);
}

}  // namespace

const std::atomic<bool>* StopOnInterrupt() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return &g_stop;
}

}  // namespace assay
