// Compiled graphs and their variables.
#ifndef ASSAY_HARNESS_ABI_SDK_PROGRAM_H_
#define ASSAY_HARNESS_ABI_SDK_PROGRAM_H_

#include <string_view>

#include "data.h"
#include "parameters.h"

namespace assay::sdk {

enum class Device : int32_t {
  kRun = ASSAY_DEVICE_RUN,              // the run's backend
  kReference = ASSAY_DEVICE_REFERENCE,  // f64, exact, slow
};

class Program {
 public:
  using Raw = Handle<assay_program, assay_program_table, &Services::program,
                     &assay_program_table::free_program>;
  Program() = default;
  Program(const Services& s, assay_program* raw) : s_(&s), handle_(s, raw) {}

  Status Feed(std::string_view input, const Tensor& tensor) {
    return ASSAY_SDK_CALL(*s_, program, feed, handle_.get(), ToText(input),
                          tensor.raw());
  }
  // Feeds whatever of the batch the graph has an input for.
  Status Feed(const assay_batch* batch) {
    return ASSAY_SDK_CALL(*s_, program, feed_batch, handle_.get(), batch);
  }
  Status Run() { return ASSAY_SDK_CALL(*s_, program, run, handle_.get()); }
  StatusOr<Tensor> Fetch(std::string_view output) {
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, program, fetch, handle_.get(),
                                         ToText(output), &raw));
    return Tensor::Adopt(*s_, raw);
  }
  explicit operator bool() const { return static_cast<bool>(handle_); }

 private:
  const Services* s_ = nullptr;
  Raw handle_;
};

// Parameters on a device, shared by the programs compiled over them; must
// outlive those.
class Variables {
 public:
  using Raw = Handle<assay_variables, assay_program_table, &Services::program,
                     &assay_program_table::free_variables>;
  Variables() = default;
  Variables(const Services& s, assay_variables* raw)
      : s_(&s), handle_(s, raw) {}

  Status Load(ParametersRef set) {
    return ASSAY_SDK_CALL(*s_, program, load, handle_.get(), set.raw());
  }
  Status Save(Parameters* set) const {
    return ASSAY_SDK_CALL(*s_, program, save, handle_.get(), set->raw());
  }
  Status Set(std::string_view name, const Tensor& tensor) {
    return ASSAY_SDK_CALL(*s_, program, set, handle_.get(), ToText(name),
                          tensor.raw());
  }
  StatusOr<Tensor> Get(std::string_view name) const {
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, program, get, handle_.get(), ToText(name), &raw));
    return Tensor::Adopt(*s_, raw);
  }
  StatusOr<Program> Compile(GraphRef graph) {
    assay_program* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, program, compile, graph.raw(),
                                         handle_.get(), &raw));
    return Program(*s_, raw);
  }

 private:
  const Services* s_ = nullptr;
  Raw handle_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_PROGRAM_H_
