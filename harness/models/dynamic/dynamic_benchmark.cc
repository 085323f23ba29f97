// What control flow costs and saves, sample after sample at batch 1:
//
//   interpreter  op by op by the references, which are slow and plain
//   eager        op by op on the cpu backend, nothing lowered or merged
//   plain        compiled, outputs without computation made by sub-networks
//   compiled     with all passes
//   longest      compiled, the longest path for every sample: no early exit
//   gain         plain and compiled by turns; `plain_us`, `compiled_us` are the
//                samples' means of the least processor time of each, and
//                `moved_bytes` what plain sub-networks copy or fill
//
// Counters: the network's multiply-accumulates per sample; the time in
// sub-networks, the rest being the host's. Passes and Compile are what comes
// before a run: splitting, and the device's own work.
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/interpreter.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/rewrites.h"
#include "harness/models/dynamic/testing/dynamic_cases.h"

namespace assay {
namespace {

constexpr int64_t kSamples = 64;

struct Subject {
  DynamicCase c;
  std::vector<std::map<std::string, Tensor>> samples;
  std::unique_ptr<Device> device;
};

absl::StatusOr<Subject> MakeSubject(const std::string& name) {
  ASSAY_ASSIGN_OR_RETURN(DynamicCase made,
                         MakeDynamicCase(name, CaseSize::kFull, kSamples));
  Subject subject{std::move(made), {}, nullptr};
  for (int64_t s = 0; s < kSamples; ++s) {
    subject.samples.push_back(SampleOf(subject.c, s));
  }
  ASSAY_ASSIGN_OR_RETURN(subject.device, MakeDevice("cpu"));
  return subject;
}

// Each is made when its first benchmark runs, and kept.
absl::StatusOr<Subject*> Find(const std::string& name) {
  static auto* subjects = new std::map<std::string, Subject>;
  auto it = subjects->find(name);
  if (it == subjects->end()) {
    ASSAY_ASSIGN_OR_RETURN(Subject made, MakeSubject(name));
    it = subjects->emplace(name, std::move(made)).first;
  }
  return &it->second;
}

using Body = std::function<absl::Status(benchmark::State&, Subject&)>;

void Register(const std::string& name, const std::string& form, Body body) {
  benchmark::RegisterBenchmark(
      absl::StrCat(name, "/", form).c_str(),
      [=](benchmark::State& state) {
        absl::Status status;
        const auto subject = Find(name);
        status = subject.ok() ? body(state, **subject) : subject.status();
        if (!status.ok()) {
          state.SkipWithError(std::string(status.message()).c_str());
        }
      })
      ->Unit(benchmark::kMicrosecond);
}

absl::Status RunInterpreter(benchmark::State& state, Subject& subject) {
  Interpreter interpreter(&subject.c.network.graph, &subject.c.parameters);
  size_t next = 0;
  for (auto _ : state) {
    ASSAY_RETURN_IF_ERROR(
        interpreter.Run(subject.samples[next++ % kSamples]).status());
  }
  return absl::OkStatus();
}

absl::Status RunPlan(benchmark::State& state, Subject& subject,
                     const DynamicGraph& graph,
                     const HostModuleOptions& options, bool lower) {
  ASSAY_ASSIGN_OR_RETURN(HostModule module,
                         BuildHostModule(graph, subject.c.parameters, options));
  ASSAY_ASSIGN_OR_RETURN(
      const auto program,
      DynamicProgram::Make(subject.device.get(), std::move(module),
                           subject.c.parameters,
                           {.lower = lower, .threads = 1}));
  program->set_timed(true);
  size_t next = 0;
  for (auto _ : state) {
    ASSAY_RETURN_IF_ERROR(
        program->Run(subject.samples[next++ % kSamples]).status());
  }
  double inside = 0;
  for (const SubnetworkStats& stats : program->stats()) {
    inside += static_cast<double>(stats.nanoseconds);
  }
  const double runs = static_cast<double>(next);
  state.counters["subnetworks_us"] = inside / runs / 1000;
  state.counters["macs"] =
      MeanMacs(program->module(), program->stats(), static_cast<int64_t>(next));
  return absl::OkStatus();
}

absl::Status RunEager(benchmark::State& state, Subject& subject) {
  ASSAY_ASSIGN_OR_RETURN(const DynamicGraph split,
                         SplitNodes(subject.c.network.graph));
  HostModuleOptions options;
  options.merge_chains = false;
  return RunPlan(state, subject, split, options, false);
}

absl::Status RunPlain(benchmark::State& state, Subject& subject) {
  HostModuleOptions options;
  options.eliminate_copies = false;
  return RunPlan(state, subject, subject.c.network.graph, options, true);
}

absl::Status RunCompiled(benchmark::State& state, Subject& subject) {
  return RunPlan(state, subject, subject.c.network.graph, {}, true);
}

double ProcessorMicroseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 +
         static_cast<double>(now.tv_nsec) / 1e3;
}

// Of outputs without computation, per run.
double MovedBytes(const DynamicProgram& program, int64_t runs) {
  double bytes = 0;
  for (size_t i = 0; i < program.stats().size(); ++i) {
    const Graph& graph = program.module().subnetworks[i];
    for (const Graph::Output& output : graph.outputs()) {
      const Value& value = graph.value(output.value);
      if (value.kind == ValueKind::kResult) continue;
      bytes += static_cast<double>(program.stats()[i].calls) *
               static_cast<double>(ElementCount(value.type.shape) *
                                   SizeOf(value.type.dtype));
    }
  }
  return bytes / static_cast<double>(runs);
}

absl::Status RunGain(benchmark::State& state, Subject& subject) {
  std::array<std::unique_ptr<DynamicProgram>, 2> programs;
  for (const bool eliminate : {false, true}) {
    HostModuleOptions options;
    options.eliminate_copies = eliminate;
    ASSAY_ASSIGN_OR_RETURN(HostModule module,
                           BuildHostModule(subject.c.network.graph,
                                           subject.c.parameters, options));
    ASSAY_ASSIGN_OR_RETURN(
        programs[eliminate],
        DynamicProgram::Make(subject.device.get(), std::move(module),
                             subject.c.parameters, {.threads = 1}));
  }
  constexpr double kNotYet = std::numeric_limits<double>::max();
  std::array<std::vector<double>, 2> least;
  least.fill(std::vector<double>(kSamples, kNotYet));
  int64_t runs = 0;
  for (auto _ : state) {
    for (size_t s = 0; s < kSamples; ++s) {
      for (size_t i = 0; i < 2; ++i) {
        // Neither always runs on what the other left in the caches.
        const size_t form = (i + s + static_cast<size_t>(runs)) % 2;
        const double start = ProcessorMicroseconds();
        ASSAY_RETURN_IF_ERROR(programs[form]->Run(subject.samples[s]).status());
        least[form][s] =
            std::min(least[form][s], ProcessorMicroseconds() - start);
      }
    }
    ++runs;
  }
  const auto mean = [](const std::vector<double>& times) {
    return std::accumulate(times.begin(), times.end(), 0.0) / kSamples;
  };
  state.counters["plain_us"] = mean(least[0]);
  state.counters["compiled_us"] = mean(least[1]);
  state.counters["moved_bytes"] = MovedBytes(*programs[0], runs * kSamples);
  return absl::OkStatus();
}

absl::Status RunLongest(benchmark::State& state, Subject& subject) {
  ASSAY_ASSIGN_OR_RETURN(const DynamicGraph longest,
                         LongestPath(Unroll(subject.c.network.graph, 64)));
  return RunPlan(state, subject, longest, {}, true);
}

absl::Status RunRegrouped(benchmark::State& state, Subject& subject) {
  ASSAY_ASSIGN_OR_RETURN(
      HostModule module,
      BuildHostModule(subject.c.network.graph, subject.c.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const auto program,
      RegroupedProgram::Make(subject.device.get(), std::move(module),
                             subject.c.parameters, 32));
  for (auto _ : state) {
    ASSAY_RETURN_IF_ERROR(program->Run(subject.c.inputs).status());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  return absl::OkStatus();
}

absl::Status RunPasses(benchmark::State& state, Subject& subject) {
  for (auto _ : state) {
    ASSAY_RETURN_IF_ERROR(
        BuildHostModule(subject.c.network.graph, subject.c.parameters)
            .status());
  }
  return absl::OkStatus();
}

absl::Status RunCompile(benchmark::State& state, Subject& subject) {
  ASSAY_ASSIGN_OR_RETURN(
      const HostModule module,
      BuildHostModule(subject.c.network.graph, subject.c.parameters));
  for (auto _ : state) {
    ASSAY_RETURN_IF_ERROR(
        DynamicProgram::Make(subject.device.get(), module, subject.c.parameters)
            .status());
  }
  return absl::OkStatus();
}

void RegisterAll() {
  for (const std::string& name : DynamicCaseNames()) {
    Register(name, "interpreter", RunInterpreter);
    Register(name, "eager", RunEager);
    Register(name, "plain", RunPlain);
    Register(name, "compiled", RunCompiled);
    Register(name, "longest", RunLongest);
    Register(name, "gain", RunGain);
    Register(name, "regrouped_64", RunRegrouped);
    Register(name, "passes", RunPasses);
    Register(name, "compile", RunCompile);
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  assay::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
