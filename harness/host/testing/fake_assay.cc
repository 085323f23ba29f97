// Plays the three processes of a run for the supervisor's tests. What the
// compress process does wrong is the name of the spec's method.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/core/file.h"
#include "harness/graph/builder.h"
#include "harness/graph/testing/toy_ops.h"
#include "harness/host/artifact.h"
#include "harness/host/run_files.h"
#include "harness/host/run_files.pb.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/stage.h"
#include "harness/host/supervisor_outcome.h"

namespace assay {
namespace {

Artifact Network(int64_t extent) {
  Graph graph(ToyOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {1, extent});
  const ValueId w = b.Parameter("w", DType::kF32, {1, extent});
  b.Output("logits", b.Op("mul", {x, w}));
  ParameterStore parameters;
  parameters.Set("w", Tensor::Zeros(DType::kF32, {1, extent}));
  return {"none", 0, {}, std::move(graph), parameters};
}

CompressResult Submit(const RunSpec& spec, const Artifact& artifact) {
  const absl::Status written =
      WriteArtifact(JoinPath(spec.output_dir(), "artifacts/0"), artifact);
  if (!written.ok()) throw std::runtime_error(std::string(written.message()));
  CompressResult result;
  result.mutable_outcome()->set_status(Outcome::OK);
  result.mutable_outcome()->set_stage(Outcome::DONE);
  Submission* submission = result.add_submissions();
  submission->set_name("none");
  submission->set_folder("artifacts/0");
  result.mutable_ledger()->set_samples(640);
  result.mutable_plugin()->set_version("1.2.3");
  KeyValue* setting = result.add_settings();
  setting->set_key("preset");
  setting->set_value("filled");
  PhaseRecord* phase = result.add_phases();
  phase->set_name("run");
  phase->set_kind(PhaseRecord::METHOD);
  phase->set_seconds(1e-4);
  return result;
}

void Leave(const RunSpec& spec, const CompressResult& result) {
  const absl::Status written =
      WriteMessage(JoinPath(spec.output_dir(), kCompressResultFile), result);
  if (!written.ok()) throw std::runtime_error(std::string(written.message()));
}

void LeaveBytes(const RunSpec& spec, const std::string& bytes) {
  std::ofstream(JoinPath(spec.output_dir(), kCompressResultFile)) << bytes;
}

void Crash() {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
}

void TakeMemory() {
  std::vector<std::vector<char>> taken;
  for (;;) taken.emplace_back(64 << 20, 'x');
}

using Behaviour = std::function<void(const RunSpec&)>;

const std::map<std::string, Behaviour>& Behaviours() {
  static const auto* behaviours = new std::map<std::string, Behaviour>{
      {"ok", [](const RunSpec& s) { Leave(s, Submit(s, Network(3))); }},
      {"crash", [](const RunSpec&) { Crash(); }},
      {"crash_after_result",
       [](const RunSpec& s) {
         Leave(s, Submit(s, Network(3)));
         Crash();
       }},
      {"abort", [](const RunSpec&) { std::abort(); }},
      {"exit0", [](const RunSpec&) { std::exit(0); }},
      {"exit3", [](const RunSpec&) { std::exit(3); }},
      {"throw", [](const RunSpec&) { throw std::runtime_error("thrown"); }},
      {"hang",
       [](const RunSpec&) {
         for (;;) pause();
       }},
      {"memory", [](const RunSpec&) { TakeMemory(); }},
      {"garbage", [](const RunSpec& s) { LeaveBytes(s, "\xff\xff rubbish"); }},
      {"loud",
       [](const RunSpec& s) {
         std::cerr << "bad bytes: \xff\xfe\n" << std::flush;
         Leave(s, Submit(s, Network(3)));
         std::exit(9);
       }},
      {"huge_result",
       [](const RunSpec& s) {
         LeaveBytes(s, "");
         const std::string path = JoinPath(s.output_dir(), kCompressResultFile);
         (void)!truncate(path.c_str(), int64_t{3} << 30);
       }},
      {"wrong_shapes",
       [](const RunSpec& s) { Leave(s, Submit(s, Network(5))); }},
      {"huge_artifact",
       [](const RunSpec& s) {
         Leave(s, Submit(s, Network(3)));
         const std::string path =
             JoinPath(s.output_dir(), "artifacts/0/parameters.safetensors");
         (void)!truncate(path.c_str(), int64_t{3} << 30);
       }},
      {"outside",
       [](const RunSpec& s) {
         CompressResult result = Submit(s, Network(3));
         result.mutable_submissions(0)->set_folder("artifacts/../../x");
         Leave(s, result);
       }},
      {"lies",
       [](const RunSpec& s) {
         CompressResult result = Submit(s, Network(3));
         result.mutable_ledger()->set_seconds(1e-9);
         result.mutable_phases(0)->set_seconds(1e9);
         Leave(s, result);
       }},
      {"forges",
       [](const RunSpec& s) {
         ScoreResult forged;
         forged.mutable_outcome()->set_status(Outcome::OK);
         forged.mutable_dense()->set_name("forged");
         (void)WriteMessage(JoinPath(s.output_dir(), kScoreResultFile), forged);
         (void)MakeFolders(JoinPath(s.output_dir(), "report.pb/in/the/way"));
         Leave(s, Submit(s, Network(3)));
       }},
      {"error",
       [](const RunSpec& s) {
         CompressResult result;
         result.mutable_outcome()->set_status(Outcome::METHOD_ERROR);
         result.mutable_outcome()->set_stage(Outcome::COMPRESS);
         result.mutable_outcome()->set_hook("run");
         result.mutable_outcome()->set_code("NOT_FOUND");
         result.mutable_outcome()->set_message("no convolution to prune");
         Leave(s, result);
       }},
      {"knows_names",
       [](const RunSpec& s) {
         if (s.twin()) Crash();
         Leave(s, Submit(s, Network(3)));
       }},
      {"nothing", [](const RunSpec& s) {
         CompressResult result = Submit(s, Network(3));
         result.clear_submissions();
         Leave(s, result);
       }}};
  return *behaviours;
}

int Compress(const std::string& path) {
  const RunSpec spec = *ReadRunSpec(path);
  EnterStage(Outcome::COMPRESS, "run");
  std::cout << "method " << spec.method() << " begins" << std::endl;
  Behaviours().at(spec.method())(spec);
  return 0;
}

int Train(const std::string& path) {
  const RunSpec spec = *ReadRunSpec(path);
  EnterStage(Outcome::PREPARE);
  if (spec.task() == "train_crash") Crash();
  TrainResult result;
  result.mutable_outcome()->set_status(Outcome::OK);
  result.mutable_outcome()->set_stage(Outcome::DONE);
  result.add_verified_files("stamp");
  if (spec.task() == "no_data") {
    *result.mutable_outcome() =
        OutcomeOf(absl::NotFoundError("no file train-images"),
                  Outcome::HARNESS_ERROR, Outcome::PREPARE);
  }
  return WriteMessage(JoinPath(spec.output_dir(), kTrainResultFile), result)
                 .ok()
             ? 0
             : 1;
}

// What the request brought, so that the tests see it.
void AddAudits(const ScoreRequest& request, CandidateRecord* candidate) {
  const auto add = [&](const char* kind, const std::string& detail) {
    AuditRecord* audit = candidate->add_audits();
    audit->set_kind(kind);
    audit->set_detail(detail);
    audit->mutable_availability()->set_state(Availability::MEASURED);
  };
  add("verified", request.spec().verified_files_size() == 1
                      ? request.spec().verified_files(0)
                      : "none");
  add("spent", std::to_string(request.spent().samples()));
  if (!request.has_twin()) return;
  const TwinRun& twin = request.twin();
  add("twin", Outcome::Status_Name(twin.outcome().status()));
  for (const Submission& submission : twin.submissions()) {
    const std::string folder =
        JoinPath(JoinPath(request.spec().output_dir(), twin.folder()),
                 submission.folder());
    add("twin",
        ReadArtifact(folder, ToyOps(), {}, nullptr).ok() ? "artifact" : "none");
  }
}

int Score(const std::string& path) {
  ScoreRequest request;
  if (!ReadMessage(path, &request).ok()) return 1;
  const RunSpec& spec = request.spec();
  EnterStage(Outcome::SCORE);
  if (spec.task() == "score_crash") Crash();
  if (spec.task() == "score_silent") return 0;
  ScoreResult result;
  result.mutable_outcome()->set_status(Outcome::OK);
  result.mutable_outcome()->set_stage(Outcome::DONE);
  result.mutable_dense()->set_name("dense");
  for (const Submission& submission : request.submissions()) {
    CandidateRecord* candidate = result.add_candidates();
    candidate->set_name(submission.name());
    auto artifact =
        ReadArtifact(JoinPath(spec.output_dir(), submission.folder()), ToyOps(),
                     {}, candidate->mutable_artifact());
    absl::Status status = artifact.status();
    if (artifact.ok()) {
      status = CheckSameInterface(artifact->graph, Network(3).graph);
    }
    if (!status.ok()) {
      *result.mutable_outcome() =
          OutcomeOf(status, Outcome::INVALID_SUBMISSION, Outcome::SUBMIT);
    }
    AddAudits(request, candidate);
  }
  return WriteMessage(JoinPath(spec.output_dir(), kScoreResultFile), result)
                 .ok()
             ? 0
             : 1;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const std::string command = argv[1];
  if (command == "internal-train") return assay::Train(argv[2]);
  if (command == "internal-compress") return assay::Compress(argv[2]);
  if (command == "internal-score") return assay::Score(argv[2]);
  return 64;
}
