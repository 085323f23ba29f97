// The correctness claims of DyCL on every network with control flow, at full
// size: compiled and regrouped forms against the interpreter, and how many
// samples the path of the first one, which a tracing compiler takes, is wrong
// for. A line per network;
// exit code 1 where a claim does not hold.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/compare.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/interpreter.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/rewrites.h"
#include "harness/models/dynamic/testing/dynamic_cases.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

// One sample after the other by `run`, put together.
template <typename Run>
absl::StatusOr<DynamicResult> Together(const DynamicCase& c, int64_t samples,
                                       const Run& run) {
  DynamicResult all;
  for (int64_t s = 0; s < samples; ++s) {
    ASSAY_ASSIGN_OR_RETURN(const DynamicResult one, run(SampleOf(c, s)));
    all.paths.push_back(one.paths[0]);
    const Tensor& row = one.outputs.at(c.output);
    Tensor& whole = all.outputs[c.output];
    if (s == 0) {
      Shape shape = row.shape();
      shape[0] = samples;
      whole = Tensor(row.dtype(), shape);
    }
    ScatterRows(row, {s}, &whole);
  }
  return all;
}

// The share of samples that take another path than the first one.
double OtherPaths(const DynamicResult& want) {
  int64_t differ = 0;
  for (const Path& path : want.paths) {
    differ += PathText(path) != PathText(want.paths[0]);
  }
  return static_cast<double>(differ) / static_cast<double>(want.paths.size());
}

// What the compiled forms are held against: the interpreter, or, for networks
// that are too slow for it, the same op by op on the cpu backend.
absl::StatusOr<DynamicResult> Oracle(const DynamicCase& c, int64_t samples,
                                     bool eager, Device* device) {
  using Inputs = std::map<std::string, Tensor>;
  if (!eager) {
    Interpreter interpreter(&c.network.graph, &c.parameters);
    return Together(c, samples, [&](const Inputs& inputs) {
      return interpreter.Run(inputs);
    });
  }
  ASSAY_ASSIGN_OR_RETURN(const DynamicGraph split, SplitNodes(c.network.graph));
  HostModuleOptions options;
  options.merge_chains = false;
  ASSAY_ASSIGN_OR_RETURN(HostModule module,
                         BuildHostModule(split, c.parameters, options));
  ASSAY_ASSIGN_OR_RETURN(const auto program,
                         DynamicProgram::Make(device, std::move(module),
                                              c.parameters, {.lower = false}));
  return Together(c, samples,
                  [&](const Inputs& inputs) { return program->Run(inputs); });
}

// NETWORK, or greedy=WEIGHTS,TEXT for files of both.
absl::StatusOr<DynamicCase> CaseOf(const std::string& argument,
                                   int64_t samples) {
  absl::string_view files = argument;
  if (!absl::ConsumePrefix(&files, "greedy=")) {
    return MakeDynamicCase(argument, CaseSize::kFull, samples);
  }
  const std::pair<std::string, std::string> paths =
      absl::StrSplit(files, absl::MaxSplits(',', 1));
  ASSAY_ASSIGN_OR_RETURN(Checkpoint weights, ReadCheckpoint(paths.first));
  ASSAY_ASSIGN_OR_RETURN(const std::string text, ReadFile(paths.second));
  return TrainedGreedyCase(std::move(weights.parameters), text, samples);
}

// How many samples have the text that the target of draft and verify writes
// alone.
absl::StatusOr<int64_t> AsTarget(const DynamicCase& c, Device* device,
                                 const DynamicResult& result) {
  ASSAY_ASSIGN_OR_RETURN(const DynamicCase alone,
                         TargetAlone(CaseSize::kFull, c));
  ASSAY_ASSIGN_OR_RETURN(HostModule module, BuildHostModule(alone.network.graph,
                                                            alone.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const auto program,
      RegroupedProgram::Make(device, std::move(module), alone.parameters, 32));
  ASSAY_ASSIGN_OR_RETURN(const DynamicResult want, program->Run(alone.inputs));
  const Tensor& a = want.outputs.at("text");
  const Tensor& b = result.outputs.at("text");
  const auto row = static_cast<size_t>(a.bytes() / a.dim(0));
  int64_t same = 0;
  for (int64_t s = 0; s < a.dim(0); ++s) {
    const auto at = static_cast<size_t>(s) * row;
    same += std::memcmp(static_cast<const char*>(a.raw()) + at,
                        static_cast<const char*>(b.raw()) + at, row) == 0;
  }
  return same;
}

absl::StatusOr<bool> Check(const std::string& argument, int64_t samples,
                           bool eager) {
  ASSAY_ASSIGN_OR_RETURN(const DynamicCase c, CaseOf(argument, samples));
  const std::string& name = c.name;
  ASSAY_ASSIGN_OR_RETURN(const auto device, MakeDevice("cpu"));
  ASSAY_ASSIGN_OR_RETURN(const DynamicResult want,
                         Oracle(c, samples, eager, device.get()));
  ASSAY_ASSIGN_OR_RETURN(const HostModule module,
                         BuildHostModule(c.network.graph, c.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const auto program,
      DynamicProgram::Make(device.get(), module, c.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const DynamicResult got,
      Together(c, samples, [&](const std::map<std::string, Tensor>& inputs) {
        return program->Run(inputs);
      }));
  ASSAY_ASSIGN_OR_RETURN(
      const auto regrouped,
      RegroupedProgram::Make(device.get(), module, c.parameters, 32));
  ASSAY_ASSIGN_OR_RETURN(const DynamicResult grouped, regrouped->Run(c.inputs));
  ASSAY_ASSIGN_OR_RETURN(const Agreement one,
                         CompareDynamic(want, got, c.output));
  ASSAY_ASSIGN_OR_RETURN(const Agreement many,
                         CompareDynamic(want, grouped, c.output));
  const double traced = OtherPaths(want);
  std::set<std::string> paths;
  for (const Path& path : want.paths) paths.insert(PathText(path));
  const double longest = static_cast<double>(LongestPathMacs(c.network.graph));
  std::printf(
      "%-16s samples %lld paths %zu | compiled eta %.4f delta %.2f mismatches "
      "%zu (%lld no tie) | regrouped eta %.4f delta %.2f mismatches %zu (%lld "
      "no tie) | first path wrong for %.3f | macs %.3g of %.3g\n",
      name.c_str(), static_cast<long long>(samples), paths.size(), one.eta,
      one.delta, one.mismatches.size(),
      static_cast<long long>(one.real_mismatches()), many.eta, many.delta,
      many.mismatches.size(), static_cast<long long>(many.real_mismatches()),
      traced, MeanMacs(module, program->stats(), samples), longest);
  std::fflush(stdout);
  if (name == "speculative") {
    ASSAY_ASSIGN_OR_RETURN(const int64_t same, AsTarget(c, device.get(), got));
    std::printf("%-16s the target alone writes the same for %lld of %lld\n",
                name.c_str(), static_cast<long long>(same),
                static_cast<long long>(samples));
    if (same != samples) return false;
  }
  const auto holds = [](const Agreement& a) {
    return a.real_mismatches() == 0 &&
           (a.mismatches.size() > 0 || (a.eta == 0 && a.delta <= -4));
  };
  return holds(one) && holds(many) && traced >= 0.3;
}

int CheckAll(int argc, char** argv) {
  int64_t samples = 0;
  const std::string oracle = argc < 3 ? "" : argv[2];
  if ((oracle != "interpreter" && oracle != "eager") ||
      !absl::SimpleAtoi(argv[1], &samples) || samples < 2) {
    std::fprintf(stderr,
                 "usage: check_claims SAMPLES interpreter|eager "
                 "[NETWORK|greedy=WEIGHTS,TEXT]...\n");
    return 2;
  }
  std::vector<std::string> names(argv + 3, argv + argc);
  if (names.empty()) names = DynamicCaseNames();
  int code = 0;
  for (const std::string& name : names) {
    const auto holds = Check(name, samples, oracle == "eager");
    if (!holds.ok()) {
      std::fprintf(stderr, "check_claims: %s: %s\n", name.c_str(),
                   std::string(holds.status().message()).c_str());
      return 3;
    }
    if (!*holds) code = 1;
  }
  return code;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) { return assay::CheckAll(argc, argv); }
