// Assay's side of a comparison: a process that prepares programs and runs them
// when it is told to, so that runtimes take turns on one machine. Reads
// commands, a line each, from standard input and answers each with a line that
// begins with "ok" or "error":
//
//   threads N                                  for programs made from now on
//   plan NAME FILE.onnx BATCH f32|bf16         ok [left in float: NAME ...]
//   train NAME NETWORK BATCH sgd|adamw f32|bf16
//   decode NAME lmd-s PROMPT TOKENS f32|bf16|int8     a run is a token then
//   feed NAME INPUT FILE.npy
//   fetch NAME OUTPUT FILE.npy                 after running once
//   time NAME SECONDS                          ok RUNS SECONDS, a run's median
//   steps NAME RUNS                            table of steps, then ok
//   drop NAME
//
// Between commands it blocks in a read; threads that wait for work have gone
// to sleep before the answer to "time" is written.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/descriptive.h"
#include "harness/core/file.h"
#include "harness/core/npy.h"
#include "harness/core/status_macros.h"
#include "harness/peers/peer_decoder.h"
#include "harness/peers/peer_programs.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// GNU OpenMP's threads spin for some milliseconds before they sleep.
constexpr std::chrono::milliseconds kUntilAsleep(30);

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

absl::StatusOr<int64_t> Count(const std::string& word) {
  int64_t n = 0;
  if (absl::SimpleAtoi(word, &n) && n > 0) return n;
  return absl::InvalidArgumentError(
      absl::StrCat("expected a positive number, got '", word, "'"));
}

class AssaySide {
 public:
  AssaySide() : device_(MakeCpuDevice()) {}

  // The rest of the answer behind "ok".
  absl::StatusOr<std::string> Answer(const Words& words) {
    struct Command {
      const char* name;
      size_t words;
      absl::StatusOr<std::string> (AssaySide::*run)(const Words&);
    };
    static constexpr Command kCommands[] = {
        {"threads", 2, &AssaySide::Threads}, {"plan", 5, &AssaySide::Plan},
        {"train", 6, &AssaySide::Train},     {"decode", 6, &AssaySide::Decode},
        {"feed", 4, &AssaySide::Feed},       {"fetch", 4, &AssaySide::Fetch},
        {"time", 3, &AssaySide::Time},       {"steps", 3, &AssaySide::Steps},
        {"drop", 2, &AssaySide::Drop},
    };
    for (const Command& command : kCommands) {
      if (words[0] != command.name) continue;
      if (words.size() == command.words) return (this->*command.run)(words);
      return absl::InvalidArgumentError(
          absl::StrCat(words[0], ": expected ", command.words - 1,
                       " arguments, got ", words.size() - 1));
    }
    return absl::InvalidArgumentError(
        absl::StrCat("no command '", words[0], "'"));
  }

 private:
  absl::StatusOr<std::string> Threads(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t threads, Count(words[1]));
    threads_ = static_cast<int>(threads);
    return "";
  }

  absl::StatusOr<std::string> Plan(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t batch, Count(words[3]));
    ASSAY_ASSIGN_OR_RETURN(
        PeerProgram program,
        MakePlan(device_.get(), words[2], batch, words[4], threads_));
    std::string left = absl::StrJoin(program.left_in_float, " ");
    programs_[words[1]] = std::move(program);
    return left.empty() ? left : absl::StrCat("left in float: ", left);
  }

  absl::StatusOr<std::string> Train(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t batch, Count(words[3]));
    ASSAY_ASSIGN_OR_RETURN(programs_[words[1]],
                           MakeTrainingStep(device_.get(), words[2], batch,
                                            words[4], words[5], threads_));
    return "";
  }

  absl::StatusOr<std::string> Decode(const Words& words) {
    const LmdOptions lmd = LmdS();
    if (words[2] != lmd.name) {
      return absl::NotFoundError(
          absl::StrCat("expected ", lmd.name, ", got '", words[2], "'"));
    }
    ASSAY_ASSIGN_OR_RETURN(const int64_t prompt, Count(words[3]));
    ASSAY_ASSIGN_OR_RETURN(const int64_t tokens, Count(words[4]));
    ASSAY_ASSIGN_OR_RETURN(decoders_[words[1]],
                           PeerDecoder::Make(device_.get(), lmd, prompt, tokens,
                                             words[5], threads_));
    return "";
  }

  absl::StatusOr<std::string> Feed(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(Session * session, Find(words[1]));
    ASSAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(words[3]));
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, ParseNpy(bytes, words[3]));
    ASSAY_RETURN_IF_ERROR(session->Feed(words[2], value));
    return "";
  }

  absl::StatusOr<std::string> Fetch(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(Session * session, Find(words[1]));
    ASSAY_RETURN_IF_ERROR(session->Run());
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, session->Fetch(words[2]));
    ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeNpy(value));
    ASSAY_RETURN_IF_ERROR(WriteFileAtomically(words[3], bytes));
    return "";
  }

  absl::StatusOr<std::string> Time(const Words& words) {
    double seconds = 0;
    if (!absl::SimpleAtod(words[2], &seconds) || !(seconds > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected seconds, got '", words[2], "'"));
    }
    const auto decoder = decoders_.find(words[1]);
    std::vector<double> runs;  // seconds of each
    if (decoder != decoders_.end()) {
      ASSAY_ASSIGN_OR_RETURN(runs, TimeTokens(*decoder->second, seconds));
    } else {
      ASSAY_ASSIGN_OR_RETURN(Session * session, Find(words[1]));
      ASSAY_ASSIGN_OR_RETURN(runs, TimeRuns(*session, seconds));
    }
    std::this_thread::sleep_for(kUntilAsleep);
    return absl::StrFormat("%d %.9f", runs.size(), Median(runs));
  }

  static absl::StatusOr<std::vector<double>> TimeRuns(Session& session,
                                                      double seconds) {
    ASSAY_RETURN_IF_ERROR(session.Run());  // wakes threads and caches
    std::vector<double> runs;
    const Clock::time_point start = Clock::now();
    for (double before = 0; before < seconds;) {
      ASSAY_RETURN_IF_ERROR(session.Run());
      const double now = SecondsSince(start);
      runs.push_back(now - before);
      before = now;
    }
    return runs;
  }

  // A run is a token, its time the mean of a sequence.
  static absl::StatusOr<std::vector<double>> TimeTokens(PeerDecoder& decoder,
                                                        double seconds) {
    std::vector<double> runs;
    const Clock::time_point start = Clock::now();
    while (runs.empty() || SecondsSince(start) < seconds) {
      ASSAY_ASSIGN_OR_RETURN(const double spent, decoder.Decode());
      runs.push_back(spent / static_cast<double>(decoder.tokens()));
    }
    return runs;
  }

  absl::StatusOr<std::string> Steps(const Words& words) {
    ASSAY_ASSIGN_OR_RETURN(Session * session, Find(words[1]));
    ASSAY_ASSIGN_OR_RETURN(const int64_t runs, Count(words[2]));
    const absl::Span<const ProgramStep> steps = session->program().steps();
    std::vector<int64_t> best(steps.size()), now(steps.size());
    for (int64_t run = 0; run < runs; ++run) {
      ASSAY_RETURN_IF_ERROR(session->RunTimed(absl::MakeSpan(now)));
      for (size_t i = 0; i < now.size(); ++i) {
        best[i] = run == 0 ? now[i] : std::min(best[i], now[i]);
      }
    }
    for (size_t i = 0; i < steps.size(); ++i) {
      absl::PrintF("%10.2f us %8d KiB  %-18s %s\n",
                   static_cast<double>(best[i]) * 1e-3, steps[i].bytes / 1024,
                   steps[i].kind, steps[i].name);
    }
    return "";
  }

  absl::StatusOr<std::string> Drop(const Words& words) {
    programs_.erase(words[1]);
    decoders_.erase(words[1]);
    return "";
  }

  absl::StatusOr<Session*> Find(const std::string& name) {
    if (const auto decoder = decoders_.find(name); decoder != decoders_.end()) {
      return &decoder->second->session();
    }
    const auto found = programs_.find(name);
    if (found != programs_.end()) return found->second.session.get();
    return absl::NotFoundError(absl::StrCat("no program '", name, "'"));
  }

  std::unique_ptr<Device> device_;
  int threads_ = 0;  // the device's own choice
  std::map<std::string, PeerProgram> programs_;
  std::map<std::string, std::unique_ptr<PeerDecoder>> decoders_;
};

int Main() {
  AssaySide side;
  std::string line;
  while (std::getline(std::cin, line)) {
    const Words words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    const absl::StatusOr<std::string> answer = side.Answer(words);
    if (answer.ok()) {
      absl::PrintF("ok %s\n", *answer);
    } else {
      absl::PrintF("error %s\n", absl::StrReplaceAll(answer.status().ToString(),
                                                     {{"\n", " "}}));
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace assay

int main() { return assay::Main(); }
