#include "harness/backend/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/backend/operands.h"
#include "harness/backend/program_cache.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

absl::Status UploadNow(Device& device, const Tensor& src,
                       const DeviceTensor& dst) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream,
                         device.NewStream());
  ASSAY_RETURN_IF_ERROR(device.Upload(*stream, src, dst));
  return stream->Synchronize();
}

absl::StatusOr<Tensor> DownloadNow(Device& device, Stream& stream,
                                   const DeviceTensor& src) {
  Tensor dst(src.type.dtype, src.type.shape);
  ASSAY_RETURN_IF_ERROR(device.Download(stream, src, &dst));
  ASSAY_RETURN_IF_ERROR(stream.Synchronize());
  return dst;
}

absl::Status NotFound(absl::string_view what, absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("no ", what, " '", name, "'"));
}

absl::StatusOr<std::vector<DeviceTensor>> AllocateAll(
    Device& device, const std::vector<TensorType>& types) {
  std::vector<DeviceTensor> tensors;
  for (const TensorType& type : types) {
    ASSAY_ASSIGN_OR_RETURN(DeviceTensor tensor, device.Allocate(type));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

absl::Status DeviceParameters::Load(const ParameterStore& store) {
  for (const auto& [name, value] : store.values()) {
    ASSAY_RETURN_IF_ERROR(Set(name, value));
  }
  return absl::OkStatus();
}

absl::Status DeviceParameters::Set(const std::string& name,
                                   const Tensor& value) {
  const auto it = values_.find(name);
  if (it != values_.end() && it->second.type == TypeOf(value)) {
    return UploadNow(*device_, value, it->second);
  }
  ASSAY_ASSIGN_OR_RETURN(DeviceTensor tensor, device_->Allocate(TypeOf(value)));
  ASSAY_RETURN_IF_ERROR(UploadNow(*device_, value, tensor));
  values_.insert_or_assign(name, std::move(tensor));
  return absl::OkStatus();
}

absl::StatusOr<Tensor> DeviceParameters::Get(const std::string& name) const {
  const DeviceTensor* tensor = Find(name);
  if (tensor == nullptr) return NotFound("parameter", name);
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream,
                         device_->NewStream());
  return DownloadNow(*device_, *stream, *tensor);
}

absl::Status DeviceParameters::Save(ParameterStore* store) const {
  for (const auto& [name, tensor] : values_) {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, Get(name));
    store->Set(name, std::move(value));
  }
  return absl::OkStatus();
}

const DeviceTensor* DeviceParameters::Find(absl::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

absl::StatusOr<std::unique_ptr<Session>> Session::Make(
    Device* device, const Graph& graph, DeviceParameters* parameters,
    const CompileOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(std::shared_ptr<Program> program,
                         device->Compile(graph, options));
  return Over(device, std::move(program), parameters);
}

absl::StatusOr<std::unique_ptr<Session>> Session::Make(
    ProgramCache* cache, const Graph& graph, DeviceParameters* parameters,
    const CompileOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(std::shared_ptr<Program> program,
                         cache->Get(graph, options));
  return Over(cache->device(), std::move(program), parameters);
}

absl::StatusOr<std::unique_ptr<Session>> Session::Over(
    Device* device, std::shared_ptr<Program> program,
    DeviceParameters* parameters) {
  std::unique_ptr<Session> session(new Session);
  session->device_ = device;
  session->parameters_ = parameters;
  session->program_ = std::move(program);
  const Graph& graph = session->program_->graph();
  ASSAY_ASSIGN_OR_RETURN(session->stream_, device->NewStream());
  std::vector<TensorType> inputs, outputs;
  for (const ValueId id : graph.inputs()) inputs.push_back(graph.type(id));
  for (const Graph::Output& output : graph.outputs()) {
    outputs.push_back(graph.type(output.value));
  }
  ASSAY_ASSIGN_OR_RETURN(session->inputs_, AllocateAll(*device, inputs));
  ASSAY_ASSIGN_OR_RETURN(session->outputs_, AllocateAll(*device, outputs));
  session->fed_.resize(inputs.size(), false);
  return session;
}

absl::Status Session::Feed(absl::string_view input, const Tensor& value) {
  const std::vector<ValueId>& ids = graph().inputs();
  for (size_t i = 0; i < ids.size(); ++i) {
    const Value& expected = graph().value(ids[i]);
    if (expected.name != input) continue;
    ASSAY_RETURN_IF_ERROR(CheckCopy(absl::StrCat("input '", input, "'"),
                                    TypeOf(value), expected.type));
    ASSAY_RETURN_IF_ERROR(device_->Upload(*stream_, value, inputs_[i]));
    ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
    fed_[i] = true;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no input '", input, "'; the graph has: ",
      absl::StrJoin(ids, ", ", [this](std::string* out, ValueId id) {
        absl::StrAppend(out, graph().value(id).name);
      })));
}

absl::StatusOr<std::vector<DeviceTensor>> Session::Operands() const {
  std::vector<DeviceTensor> parameters;
  for (const ValueId id : graph().parameters()) {
    const std::string& name = graph().value(id).name;
    const DeviceTensor* tensor =
        parameters_ == nullptr ? nullptr : parameters_->Find(name);
    if (tensor == nullptr) return NotFound("parameter", name);
    parameters.push_back(*tensor);
  }
  for (size_t i = 0; i < fed_.size(); ++i) {
    if (fed_[i]) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "input '", graph().value(graph().inputs()[i]).name, "' was never fed"));
  }
  return parameters;
}

absl::Status Session::Run() {
  ran_ = false;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DeviceTensor> parameters,
                         Operands());
  ASSAY_RETURN_IF_ERROR(program_->Run(*stream_, inputs_, parameters, outputs_));
  ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
  ran_ = true;
  return absl::OkStatus();
}

absl::Status Session::RunTimed(absl::Span<int64_t> nanoseconds) {
  ran_ = false;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<DeviceTensor> parameters,
                         Operands());
  ASSAY_RETURN_IF_ERROR(
      program_->RunTimed(*stream_, inputs_, parameters, outputs_, nanoseconds));
  ran_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Tensor> Session::Fetch(absl::string_view output) {
  const std::vector<Graph::Output>& outputs = graph().outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name != output) continue;
    if (ran_) return DownloadNow(*device_, *stream_, outputs_[i]);
    return absl::FailedPreconditionError(absl::StrCat(
        "output '", output, "': nothing was run, or the last run failed"));
  }
  return NotFound("output", output);
}

}  // namespace assay
