// What control flow costs and saves, sample after sample at batch 1:
//
//   interpreter  op by op by the references, which are slow and plain
//   eager        op by op on the cpu backend, nothing lowered or merged
//   plain        compiled, outputs without computation made by sub-networks
//   compiled     with all passes
//   longest      compiled, the longest path for every sample: no early exit
//
// Counters: the network's multiply-accumulates per sample; the time in
// sub-networks, the rest being the host's. Passes and Compile are what comes
// before a run: splitting, and the device's own work.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
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
                           subject.c.parameters, {.lower = lower}));
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
