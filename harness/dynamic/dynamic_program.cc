#include "harness/dynamic/dynamic_program.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"

namespace assay {
namespace {

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DynamicProgram>> DynamicProgram::Make(
    Device* device, HostModule module, const ParameterStore& parameters,
    const ExecutableOptions& options) {
  std::unique_ptr<DynamicProgram> made(
      new DynamicProgram(device, std::move(module)));
  made->parameters_ = std::make_unique<DeviceParameters>(device);
  if (!options.lower) {
    ASSAY_RETURN_IF_ERROR(made->parameters_->Load(parameters));
  }
  ASSAY_ASSIGN_OR_RETURN(made->stream_, device->NewStream());
  for (const Graph& graph : made->module_.subnetworks) {
    ASSAY_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable,
                           Executable::Make(device, graph, parameters,
                                            *made->parameters_, options));
    made->executables_.push_back(std::move(executable));
  }
  for (const Tensor& constant : made->module_.constants) {
    made->constants_.push_back({{}, constant, true});
    ASSAY_RETURN_IF_ERROR(made->OnDevice(&made->constants_.back()).status());
  }
  made->macs_ = SubnetworkMacs(made->module_);
  made->stats_.resize(made->executables_.size());
  return made;
}

absl::StatusOr<DeviceTensor> DynamicProgram::OnDevice(Slot* slot) {
  if (slot->device.buffer == nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        DeviceTensor tensor,
        pool_.Take({slot->host.dtype(), slot->host.shape()}));
    ASSAY_RETURN_IF_ERROR(device_->Upload(*stream_, slot->host, tensor));
    ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
    slot->device = std::move(tensor);
  }
  return slot->device;
}

absl::StatusOr<Tensor> DynamicProgram::OnHost(Slot* slot) {
  if (!slot->on_host) {
    const TensorType& type = slot->device.type;
    Tensor host(type.dtype, type.shape);
    ASSAY_RETURN_IF_ERROR(device_->Download(*stream_, slot->device, &host));
    ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
    slot->host = std::move(host);
    slot->on_host = true;
  }
  return slot->host;
}

absl::Status DynamicProgram::TakeInputs(
    const std::map<std::string, Tensor>& inputs) {
  slots_.assign(module_.slots.size(), Slot());
  for (const DynamicGraph::Input& input : module_.inputs) {
    const auto it = inputs.find(input.name);
    if (it == inputs.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "' was not given"));
    }
    const Tensor& value = it->second;
    if (value.dtype() != input.type.dtype ||
        value.shape() != input.type.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", input.name, "': expected ",
                       ToString(input.type), ", got ", value.TypeString()));
    }
    At(input.variable) = {{}, value, true};
  }
  return absl::OkStatus();
}

absl::Status DynamicProgram::Call(const Instruction& call) {
  arguments_.clear();
  for (const int32_t slot : call.reads) {
    ASSAY_ASSIGN_OR_RETURN(DeviceTensor argument, OnDevice(&At(slot)));
    arguments_.push_back(std::move(argument));
  }
  const size_t which = static_cast<size_t>(call.subnetwork);
  SubnetworkStats& stats = stats_[which];
  const int64_t start = timed_ ? Now() : 0;
  ASSAY_RETURN_IF_ERROR(
      executables_[which]->Run(*stream_, arguments_, &pool_, &results_));
  if (timed_) {
    ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
    stats.nanoseconds += Now() - start;
  }
  ++stats.calls;
  ++stats.samples;
  for (size_t i = 0; i < results_.size(); ++i) {
    At(call.writes[i]) = {std::move(results_[i]), Tensor(), false};
  }
  arguments_.clear();
  return absl::OkStatus();
}

absl::StatusOr<bool> DynamicProgram::Decide(const Instruction& branch,
                                            Path* path) {
  ASSAY_ASSIGN_OR_RETURN(const Tensor value,
                         OnHost(&At(branch.predicate.source)));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Verdict> verdicts,
                         Judge(branch.predicate, value));
  path->push_back({branch.site, verdicts[0].holds, verdicts[0].distance});
  return verdicts[0].holds;
}

absl::StatusOr<bool> DynamicProgram::Count(const Instruction& count) {
  ASSAY_ASSIGN_OR_RETURN(const Tensor counter, OnHost(&At(count.reads[0])));
  const int64_t passed = counter.data<int64_t>()[0];
  if (passed == count.count) return false;
  if (!count.writes.empty()) At(count.writes[0]) = {{}, counter, true};
  At(count.reads[0]) = {{}, Tensor::From<int64_t>({}, {passed + 1}), true};
  return true;
}

absl::StatusOr<DynamicResult> DynamicProgram::Run(
    const std::map<std::string, Tensor>& inputs) {
  ASSAY_RETURN_IF_ERROR(TakeInputs(inputs));
  DynamicResult result;
  result.paths.resize(1);
  result.macs.resize(1);
  size_t pc = 0;
  while (true) {
    const Instruction& at = module_.code[pc];
    switch (at.op) {
      case OpCode::kCall:
        ASSAY_RETURN_IF_ERROR(Call(at));
        result.macs[0] += macs_[static_cast<size_t>(at.subnetwork)];
        ++pc;
        break;
      case OpCode::kMove:
        At(at.writes[0]) = At(at.reads[0]);
        ++pc;
        break;
      case OpCode::kConstant:
        At(at.writes[0]) = constants_[static_cast<size_t>(at.constant)];
        ++pc;
        break;
      case OpCode::kBranch: {
        ASSAY_ASSIGN_OR_RETURN(const bool holds, Decide(at, &result.paths[0]));
        pc = static_cast<size_t>(at.target[holds ? 0 : 1]);
        break;
      }
      case OpCode::kCount: {
        ASSAY_ASSIGN_OR_RETURN(const bool more, Count(at));
        pc = static_cast<size_t>(at.target[more ? 0 : 1]);
        break;
      }
      case OpCode::kJump:
        pc = static_cast<size_t>(at.target[0]);
        break;
      case OpCode::kReturn:
        for (size_t i = 0; i < at.reads.size(); ++i) {
          ASSAY_ASSIGN_OR_RETURN(result.outputs[module_.outputs[i]],
                                 OnHost(&At(at.reads[i])));
        }
        return result;
    }
    for (const int32_t slot : at.dead) At(slot) = Slot();
  }
}

int64_t DynamicProgram::bytes() const {
  int64_t bytes = 0;
  for (const auto& executable : executables_) bytes += executable->bytes();
  return bytes;
}

std::vector<const Graph*> DynamicProgram::plans() const {
  std::vector<const Graph*> plans;
  for (const auto& executable : executables_) {
    plans.push_back(&executable->graph());
  }
  return plans;
}

std::vector<int64_t> SubnetworkMacs(const HostModule& module) {
  std::vector<int64_t> macs;
  for (const Graph& graph : module.subnetworks) {
    macs.push_back(CostOf(graph).macs);
  }
  return macs;
}

double MeanMacs(const HostModule& module,
                absl::Span<const SubnetworkStats> stats, int64_t runs) {
  const std::vector<int64_t> each = SubnetworkMacs(module);
  double macs = 0;
  for (size_t i = 0; i < stats.size(); ++i) {
    macs +=
        static_cast<double>(each[i]) * static_cast<double>(stats[i].samples);
  }
  return runs == 0 ? 0 : macs / static_cast<double>(runs);
}

}  // namespace assay
