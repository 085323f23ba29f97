#include "harness/dynamic/regrouped_program.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/graph/rewrites/rebatch.h"

namespace assay {
namespace {

using Samples = std::vector<int64_t>;  // ascending

Samples Union(const Samples& a, const Samples& b) {
  Samples all;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all));
  return all;
}

absl::Status CheckBatched(const Graph& one, const Graph& many, int64_t batch) {
  for (size_t i = 0; i < one.outputs().size(); ++i) {
    TensorType expected = one.type(one.outputs()[i].value);
    if (!expected.shape.empty() && expected.shape[0] != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("a result is not made sample by sample: expected one "
                       "row for each, got ",
                       ToString(expected)));
    }
    if (!expected.shape.empty()) expected.shape[0] = batch;
    const TensorType& got = many.type(many.outputs()[i].value);
    const bool shared =
        expected.shape.empty() &&
        std::any_of(one.inputs().begin(), one.inputs().end(),
                    [&](ValueId id) { return !one.shape(id).empty(); });
    if (got == expected && !shared) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "a result is not made sample by sample: at batch ", batch, " expected ",
        ToString(expected), shared ? " for each sample" : "", ", got ",
        ToString(got)));
  }
  return absl::OkStatus();
}

}  // namespace

// One run. Every slot has a row per sample: views of what calls returned.
class RegroupedProgram::Batch {
 public:
  Batch(RegroupedProgram* program, size_t size)
      : program_(*program),
        rows_(program->module_.slots.size(), std::vector<Tensor>(size)),
        returned_(program->module_.outputs.size(), std::vector<Tensor>(size)) {
    result_.paths.resize(size);
    result_.macs.resize(size);
  }

  void Calibrate(const std::function<double(int32_t)>* fraction) {
    fraction_ = fraction;
  }
  const std::map<int32_t, double>& thresholds() const { return thresholds_; }

  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs) {
    Samples everybody(result_.paths.size());
    for (size_t i = 0; i < everybody.size(); ++i) {
      everybody[i] = static_cast<int64_t>(i);
    }
    for (const DynamicGraph::Input& input : program_.module_.inputs) {
      SetRows(input.variable, inputs.at(input.name), everybody);
    }
    waiting_[0] = everybody;
    // Groups that are behind go first, so that the others wait for them.
    while (!waiting_.empty()) {
      const auto first = waiting_.begin();
      const int32_t pc = first->first;
      const Samples group = std::move(first->second);
      waiting_.erase(first);
      ASSAY_RETURN_IF_ERROR(Step(pc, group));
    }
    ASSAY_RETURN_IF_ERROR(CollectOutputs());
    return std::move(result_);
  }

 private:
  Tensor& Row(int32_t slot, int64_t sample) {
    return rows_[static_cast<size_t>(slot)][static_cast<size_t>(sample)];
  }

  // Row i of `value` is that of samples[i]; rank 0 is everybody's.
  void SetRows(int32_t slot, const Tensor& value, const Samples& samples) {
    if (value.rank() == 0) {
      for (const int64_t sample : samples) Row(slot, sample) = value;
      return;
    }
    auto owner = std::make_shared<Tensor>(value);
    Shape shape = value.shape();
    const int64_t bytes = value.bytes() / shape[0];
    shape[0] = 1;
    char* data = static_cast<char*>(owner->raw());
    for (const int64_t sample : samples) {
      Row(slot, sample) = Tensor::Borrow(value.dtype(), shape, data, owner);
      data += bytes;
    }
  }

  void Wait(int32_t pc, const Samples& group) {
    if (group.empty()) return;
    Samples& there = waiting_[pc];
    there = Union(there, group);
  }

  absl::Status Step(int32_t pc, const Samples& group) {
    Instruction& at = program_.module_.code[static_cast<size_t>(pc)];
    switch (at.op) {
      case OpCode::kCall:
        ASSAY_RETURN_IF_ERROR(Call(at, group));
        for (const int64_t s : group) {
          result_.macs[static_cast<size_t>(s)] +=
              program_.macs_[static_cast<size_t>(at.subnetwork)];
        }
        break;
      case OpCode::kMove:
        for (const int64_t s : group) {
          Row(at.writes[0], s) = Row(at.reads[0], s);
        }
        break;
      case OpCode::kConstant:
        for (const int64_t s : group) {
          Row(at.writes[0], s) =
              program_.module_.constants[static_cast<size_t>(at.constant)];
        }
        break;
      case OpCode::kBranch:
        return Branch(&at, group);
      case OpCode::kCount:
        Count(at, group);
        return absl::OkStatus();
      case OpCode::kJump:
        Wait(at.target[0], group);
        return absl::OkStatus();
      case OpCode::kReturn:
        for (size_t i = 0; i < at.reads.size(); ++i) {
          for (const int64_t s : group) {
            returned_[i][static_cast<size_t>(s)] = Row(at.reads[i], s);
          }
        }
        return absl::OkStatus();
    }
    Forget(at, group);
    Wait(pc + 1, group);
    return absl::OkStatus();
  }

  void Forget(const Instruction& at, const Samples& group) {
    for (const int32_t slot : at.dead) {
      for (const int64_t s : group) Row(slot, s) = Tensor();
    }
  }

  // Half way between the two measures around the fraction.
  absl::Status MoveThreshold(Instruction* at, const Samples& group) {
    Predicate& predicate = at->predicate;
    if (predicate.kind > PredicateKind::kGate) return absl::OkStatus();
    const auto [it, first] = thresholds_.emplace(at->site, predicate.threshold);
    if (first && group.size() > 1) {
      ASSAY_ASSIGN_OR_RETURN(const std::vector<double> measured,
                             Measures(*at, group));
      // The entropy holds from below, the others from above.
      const bool below =
          (predicate.kind == PredicateKind::kEntropy) != predicate.negated;
      const double share = (*fraction_)(at->site);
      const double place =
          (below ? share : 1 - share) * static_cast<double>(measured.size());
      const size_t high = std::clamp<size_t>(
          static_cast<size_t>(std::lround(place)), 1, measured.size() - 1);
      it->second = (measured[high - 1] + measured[high]) / 2;
    }
    predicate.threshold = it->second;
    return absl::OkStatus();
  }

  // What a conditional measures of each sample, ascending.
  absl::StatusOr<std::vector<double>> Measures(const Instruction& at,
                                               const Samples& group) {
    std::vector<double> measured;
    for (const int64_t s : group) {
      ASSAY_ASSIGN_OR_RETURN(const std::vector<Verdict> verdicts,
                             Judge(at.predicate, Row(at.predicate.source, s)));
      measured.push_back(verdicts[0].measured);
      if (!std::isnan(measured.back())) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("conditional ", at.site, ": sample ", s,
                       " measures nan: expected a number"));
    }
    std::sort(measured.begin(), measured.end());
    return measured;
  }

  absl::Status Branch(Instruction* instruction, const Samples& group) {
    const Instruction& at = *instruction;
    if (fraction_ != nullptr) {
      ASSAY_RETURN_IF_ERROR(MoveThreshold(instruction, group));
    }
    Samples sides[2];
    for (const int64_t s : group) {
      ASSAY_ASSIGN_OR_RETURN(const std::vector<Verdict> verdicts,
                             Judge(at.predicate, Row(at.predicate.source, s)));
      const Verdict& verdict = verdicts[0];
      result_.paths[static_cast<size_t>(s)].push_back(
          {at.site, verdict.holds, verdict.distance});
      sides[verdict.holds ? 0 : 1].push_back(s);
    }
    Forget(at, group);
    for (size_t i = 0; i < 2; ++i) Wait(at.target[i], sides[i]);
    return absl::OkStatus();
  }

  void Count(const Instruction& at, const Samples& group) {
    Samples sides[2];
    for (const int64_t s : group) {
      const Tensor counter = Row(at.reads[0], s);
      const int64_t passed = counter.data<int64_t>()[0];
      sides[passed == at.count ? 1 : 0].push_back(s);
      if (passed == at.count) continue;
      if (!at.writes.empty()) Row(at.writes[0], s) = counter;
      Row(at.reads[0], s) = Tensor::From<int64_t>({}, {passed + 1});
    }
    for (size_t i = 0; i < 2; ++i) Wait(at.target[i], sides[i]);
  }

  // Samples may run together when what they share is equal.
  std::map<std::string, Samples> Alike(const Instruction& call,
                                       const Samples& group) {
    std::map<std::string, Samples> parts;
    for (const int64_t s : group) {
      std::string key;
      for (const int32_t slot : call.reads) {
        const Tensor& row = Row(slot, s);
        if (row.rank() > 0) continue;
        key.append(static_cast<const char*>(row.raw()),
                   static_cast<size_t>(row.bytes()));
      }
      parts[key].push_back(s);
    }
    return parts;
  }

  absl::Status Call(const Instruction& call, const Samples& group) {
    const auto& sizes =
        program_.executables_[static_cast<size_t>(call.subnetwork)];
    for (const auto& [key, part] : Alike(call, group)) {
      size_t done = 0;
      for (size_t log = sizes.size(); log-- > 0;) {
        const size_t size = size_t{1} << log;
        for (; part.size() - done >= size; done += size) {
          const auto begin = part.begin() + static_cast<std::ptrdiff_t>(done);
          const Samples chunk(begin, begin + static_cast<std::ptrdiff_t>(size));
          ASSAY_RETURN_IF_ERROR(CallOn(call, chunk, sizes[log].get()));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status CallOn(const Instruction& call, const Samples& chunk,
                      Executable* executable) {
    const auto start = std::chrono::steady_clock::now();
    Device& device = *program_.device_;
    Stream& stream = *program_.stream_;
    std::vector<DeviceTensor> arguments, results;
    std::vector<Tensor> gathered;
    for (const int32_t slot : call.reads) {
      gathered.push_back(Gather(slot, chunk));
      const Tensor& rows = gathered.back();
      ASSAY_ASSIGN_OR_RETURN(DeviceTensor argument,
                             program_.pool_.Take({rows.dtype(), rows.shape()}));
      ASSAY_RETURN_IF_ERROR(device.Upload(stream, rows, argument));
      arguments.push_back(std::move(argument));
    }
    ASSAY_RETURN_IF_ERROR(
        executable->Run(stream, arguments, &program_.pool_, &results));
    for (size_t i = 0; i < results.size(); ++i) {
      const TensorType& type = results[i].type;
      Tensor value(type.dtype, type.shape);
      ASSAY_RETURN_IF_ERROR(device.Download(stream, results[i], &value));
      ASSAY_RETURN_IF_ERROR(stream.Synchronize());
      SetRows(call.writes[i], value, chunk);
    }
    SubnetworkStats& stats =
        program_.stats_[static_cast<size_t>(call.subnetwork)];
    ++stats.calls;
    stats.samples += static_cast<int64_t>(chunk.size());
    stats.nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(
                             std::chrono::steady_clock::now() - start)
                             .count();
    return absl::OkStatus();
  }

  Tensor Gather(int32_t slot, const Samples& chunk) {
    const Tensor& first = Row(slot, chunk[0]);
    if (first.rank() == 0 || chunk.size() == 1) return first;
    Shape shape = first.shape();
    shape[0] = static_cast<int64_t>(chunk.size());
    Tensor rows(first.dtype(), shape);
    for (size_t i = 0; i < chunk.size(); ++i) {
      ScatterRows(Row(slot, chunk[i]), {static_cast<int64_t>(i)}, &rows);
    }
    return rows;
  }

  absl::Status CollectOutputs() {
    for (size_t i = 0; i < returned_.size(); ++i) {
      const std::string& name = program_.module_.outputs[i];
      const Tensor& first = returned_[i][0];
      if (first.rank() == 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "output '", name, "' has no batch: expected rank 1 or more"));
      }
      Shape shape = first.shape();
      shape[0] = static_cast<int64_t>(returned_[i].size());
      Tensor all(first.dtype(), shape);
      for (size_t s = 0; s < returned_[i].size(); ++s) {
        const Tensor& row = returned_[i][s];
        if (row.shape() != first.shape()) {
          return absl::InvalidArgumentError(absl::StrCat(
              "output '", name, "' is ", first.TypeString(),
              " for one sample and ", row.TypeString(), " for another"));
        }
        ScatterRows(row, {static_cast<int64_t>(s)}, &all);
      }
      result_.outputs[name] = std::move(all);
    }
    return absl::OkStatus();
  }

  RegroupedProgram& program_;
  std::vector<std::vector<Tensor>> rows_;      // by slot and sample
  std::vector<std::vector<Tensor>> returned_;  // by output and sample
  std::map<int32_t, Samples> waiting_;         // by instruction
  DynamicResult result_;
  const std::function<double(int32_t)>* fraction_ = nullptr;  // calibrating
  std::map<int32_t, double> thresholds_;                      // by site
};

absl::Status RegroupedProgram::Compile(const Graph& graph,
                                       const ParameterStore& parameters,
                                       int64_t max_batch,
                                       const ExecutableOptions& options) {
  executables_.emplace_back();
  for (int64_t batch = 1; batch <= max_batch; batch *= 2) {
    ASSAY_ASSIGN_OR_RETURN(const Graph many, Rebatch(graph, batch));
    ASSAY_RETURN_IF_ERROR(CheckBatched(graph, many, batch));
    ASSAY_ASSIGN_OR_RETURN(
        std::unique_ptr<Executable> executable,
        Executable::Make(device_, many, parameters, *parameters_, options));
    executables_.back().push_back(std::move(executable));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RegroupedProgram>> RegroupedProgram::Make(
    Device* device, HostModule module, const ParameterStore& parameters,
    int64_t max_batch, const ExecutableOptions& options) {
  if (max_batch < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a batch of at least 1, got ", max_batch));
  }
  for (const DynamicGraph::Input& input : module.inputs) {
    if (input.type.shape.empty() || input.type.shape[0] == 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input '", input.name, "' is ", ToString(input.type),
                     ": expected a module for batch 1"));
  }
  std::unique_ptr<RegroupedProgram> made(
      new RegroupedProgram(device, std::move(module)));
  made->parameters_ = std::make_unique<DeviceParameters>(device);
  if (!options.lower) {
    ASSAY_RETURN_IF_ERROR(made->parameters_->Load(parameters));
  }
  ASSAY_ASSIGN_OR_RETURN(made->stream_, device->NewStream());
  for (size_t i = 0; i < made->module_.subnetworks.size(); ++i) {
    const absl::Status status = made->Compile(made->module_.subnetworks[i],
                                              parameters, max_batch, options);
    if (status.ok()) continue;
    return absl::Status(
        status.code(), absl::StrCat("sub-network ", i, ": ", status.message()));
  }
  made->macs_ = SubnetworkMacs(made->module_);
  made->stats_.resize(made->executables_.size());
  return made;
}

absl::StatusOr<std::map<std::string, Tensor>> RegroupedProgram::Checked(
    const std::map<std::string, Tensor>& inputs) const {
  std::map<std::string, Tensor> read;
  for (const DynamicGraph::Input& input : module_.inputs) {
    const auto it = inputs.find(input.name);
    if (it == inputs.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "' was not given"));
    }
    Shape shape = it->second.shape();
    if (!shape.empty()) shape[0] = 1;
    if (it->second.dtype() != input.type.dtype || shape != input.type.shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input '", input.name, "': expected rows of ", ToString(input.type),
          ", got ", it->second.TypeString()));
    }
    read[input.name] = it->second;
  }
  ASSAY_ASSIGN_OR_RETURN(const int64_t batch, BatchOf(read));
  if (batch < 1) return absl::InvalidArgumentError("an empty batch");
  return read;
}

absl::StatusOr<DynamicResult> RegroupedProgram::Run(
    const std::map<std::string, Tensor>& inputs) {
  ASSAY_ASSIGN_OR_RETURN(const auto read, Checked(inputs));
  ASSAY_ASSIGN_OR_RETURN(const int64_t batch, BatchOf(read));
  return Batch(this, static_cast<size_t>(batch)).Run(read);
}

absl::StatusOr<std::map<int32_t, double>> RegroupedProgram::Calibrate(
    const std::map<std::string, Tensor>& inputs,
    const std::function<double(int32_t)>& fraction) {
  ASSAY_ASSIGN_OR_RETURN(const auto read, Checked(inputs));
  ASSAY_ASSIGN_OR_RETURN(const int64_t batch, BatchOf(read));
  Batch run(this, static_cast<size_t>(batch));
  run.Calibrate(&fraction);
  ASSAY_RETURN_IF_ERROR(run.Run(read).status());
  return run.thresholds();
}

int64_t RegroupedProgram::bytes() const {
  int64_t bytes = 0;
  for (const auto& sizes : executables_) {
    for (const auto& executable : sizes) bytes += executable->bytes();
  }
  return bytes;
}

std::vector<const Graph*> RegroupedProgram::plans() const {
  std::vector<const Graph*> plans;
  for (const auto& sizes : executables_) {
    for (const auto& executable : sizes) plans.push_back(&executable->graph());
  }
  return plans;
}

namespace {

void SetIn(const std::map<int32_t, double>& by_site, Block* block) {
  for (Statement& statement : *block) {
    const auto it = by_site.find(statement.site);
    if (it != by_site.end()) statement.predicate.threshold = it->second;
    SetIn(by_site, &statement.body);
    SetIn(by_site, &statement.otherwise);
  }
}

}  // namespace

void SetThresholds(const std::map<int32_t, double>& by_site,
                   DynamicGraph* graph) {
  SetIn(by_site, &graph->body);
}

}  // namespace assay
