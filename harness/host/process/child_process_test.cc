#include "harness/host/process/child_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The test starts itself with "child ROLE": see main below.
ChildOptions Child(const std::string& role) {
  ChildOptions options;
  options.arguments = {"/proc/self/exe", "child", role};
  options.log_path = testing::TempDir() + "/" + role + ".log";
  return options;
}

ChildResult RunOk(const ChildOptions& options) {
  auto result = RunChild(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : ChildResult();
}

TEST(ChildProcessTest, KeepsExitCodeLogAndStage) {
  const ChildOptions options = Child("talk");
  const ChildResult result = RunOk(options);
  EXPECT_EQ(result.end, ChildEnd::kExited);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.stage, "second stage");
  EXPECT_THAT(result.last_lines, ElementsAre("to stdout", "to stderr"));
  auto log = ReadFile(options.log_path);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(*log, "to stdout\nto stderr\n");
  EXPECT_EQ(Describe(result), "exited with code 3 in: second stage");
  EXPECT_GT(result.peak_memory_bytes, 0);
}

TEST(ChildProcessTest, NamesTheSignalOfACrash) {
  const ChildResult result = RunOk(Child("crash"));
  EXPECT_EQ(result.end, ChildEnd::kSignalled);
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_THAT(Describe(result), HasSubstr("signal 11 (Segmentation fault)"));
}

TEST(ChildProcessTest, EndsAChildThatHangsAndIgnoresSigterm) {
  ChildOptions options = Child("hang");
  options.seconds = 0.2;
  const ChildResult result = RunOk(options);
  EXPECT_EQ(result.end, ChildEnd::kTimedOut);
  EXPECT_THAT(result.last_lines, ElementsAre("hanging"));
}

TEST(ChildProcessTest, LeavesNoGrandchildAlive) {
  const ChildResult result = RunOk(Child("orphan"));
  ASSERT_EQ(result.last_lines.size(), 1u);
  const pid_t grandchild = std::atoi(result.last_lines[0].c_str());
  ASSERT_GT(grandchild, 0);
  // It is gone or a zombie that nobody has reaped yet.
  for (int i = 0; i < 100 && kill(grandchild, 0) == 0; ++i) {
    auto stat = ReadFile("/proc/" + std::to_string(grandchild) + "/stat");
    if (!stat.ok() || stat->find(") Z") != std::string::npos) break;
    absl::SleepFor(absl::Milliseconds(20));
    ASSERT_LT(i, 99) << "grandchild still runs";
  }
}

// A daemon as the textbooks have it: its own session, its parent gone.
TEST(ChildProcessTest, LeavesNoDaemonAlive) {
  const ChildResult result = RunOk(Child("daemon"));
  ASSERT_EQ(result.last_lines.size(), 1u);
  const pid_t daemon = std::atoi(result.last_lines[0].c_str());
  ASSERT_GT(daemon, 0);
  EXPECT_EQ(kill(daemon, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// One child's end is not the end of what else this process started.
TEST(ChildProcessTest, LeavesOtherChildrenAlone) {
  const pid_t own = fork();
  if (own == 0) {
    for (;;) pause();
  }
  std::atomic<bool> stop{false};
  ChildOptions slow = Child("hang");
  slow.log_path += ".slow";
  slow.stop = &stop;
  ChildEnd end = ChildEnd::kExited;
  std::thread other([&] { end = RunOk(slow).end; });
  RunOk(Child("daemon"));
  EXPECT_EQ(kill(own, 0), 0);
  stop = true;
  other.join();
  EXPECT_EQ(end, ChildEnd::kStopped);
  kill(own, SIGKILL);
  waitpid(own, nullptr, 0);
}

TEST(ChildProcessTest, StopsOnRequest) {
  std::atomic<bool> stop{true};
  ChildOptions options = Child("hang");
  options.stop = &stop;
  EXPECT_EQ(RunOk(options).end, ChildEnd::kStopped);
}

TEST(ChildProcessTest, AddressSpaceLimitTurnsIntoAFailedAllocation) {
  ChildOptions options = Child("allocate");
  options.memory_bytes = int64_t{512} << 20;
  const ChildResult result = RunOk(options);
  EXPECT_EQ(result.exit_code, 12) << Describe(result);
}

TEST(ChildProcessTest, AMissingExecutableIsAnErrorInWords) {
  ChildOptions options = Child("none");
  options.arguments[0] = "/no/such/program";
  auto result = RunChild(options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().message(),
            "cannot start /no/such/program: No such file or directory");
}

int PlayChild(const std::string& role) {
  if (role == "talk") {
    ReportStage("first stage");
    std::puts("to stdout");
    std::fflush(stdout);
    std::fputs("to stderr\n", stderr);
    ReportStage("second stage");
    return 3;
  }
  if (role == "crash") {
    raise(SIGSEGV);
  } else if (role == "hang") {
    signal(SIGTERM, SIG_IGN);
    std::puts("hanging");
    std::fflush(stdout);
    for (;;) pause();
  } else if (role == "orphan") {
    const pid_t pid = fork();
    if (pid == 0) {
      for (;;) pause();
    }
    std::printf("%d\n", pid);
    std::fflush(stdout);
  } else if (role == "daemon") {
    int ready[2];
    if (pipe(ready) != 0) return 1;
    if (fork() == 0) {
      setsid();
      if (fork() == 0) {
        signal(SIGTERM, SIG_IGN);
        const pid_t self = getpid();
        (void)!write(ready[1], &self, sizeof(self));
        for (;;) pause();
      }
      return 0;
    }
    pid_t daemon = 0;
    (void)!read(ready[0], &daemon, sizeof(daemon));
    std::printf("%d\n", daemon);
    std::fflush(stdout);
  } else if (role == "allocate") {
    void* memory = std::malloc(size_t{1} << 30);
    return memory == nullptr ? 12 : 0;
  }
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "child") == 0) {
    return assay::PlayChild(argv[2]);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
