// Compiles a graph, unit by unit: layouts, slots and steps of a program.
#ifndef ASSAY_HARNESS_BACKEND_CPU_PROGRAM_BUILDER_H_
#define ASSAY_HARNESS_BACKEND_CPU_PROGRAM_BUILDER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/cpu/aligned_memory.h"
#include "harness/backend/cpu/cpu_options.h"
#include "harness/backend/cpu/kernel.h"
#include "harness/backend/cpu/kernel_entry.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/unit.h"
#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

// One argument of a oneDNN primitive.
struct PrimitiveArgument {
  int id;  // DNNL_ARG_SRC
  SlotId slot;
  dnnl::memory::desc desc;
  bool written = false;
};

// A memory object whose address follows a slot.
struct MemoryBinding {
  SlotId slot;
  dnnl::memory memory;
};

// What one of several concurrent runs has to itself.
struct ProgramLane {
  std::vector<const Kernel*> steps;
  std::vector<MemoryBinding> bindings;
  std::vector<void*> addresses;  // of each slot; operands' are set by each run
};

// What a program needs to run.
struct ProgramParts {
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<ProgramLane> lanes;         // they share constants
  std::vector<ProgramStep> descriptions;  // of each step
  // Slots that follow operand k.
  struct OperandSlot {
    SlotId slot;
    size_t operand;
  };
  std::vector<OperandSlot> inputs, parameters, outputs;
  AlignedMemory arena;  // of one lane after the other
  std::vector<AlignedMemory> constants;
  int64_t arena_bytes = 0, constant_bytes = 0;  // of all lanes
};

// Attributes with a user scratchpad, which every primitive of a program has.
dnnl::primitive_attr UserScratchpad();

// What the kernel factories (kernels.inc) see. Slots hold values; a step reads
// and writes slots. Every value has one layout, chosen by its producer; Read
// inserts a reorder where a reader wants another, once per value and layout.
class ProgramBuilder {
 public:
  // `threads`: of each of the `lanes` runs that may be under way at once.
  ProgramBuilder(const Graph& graph, KernelFinder find,
                 const dnnl::engine& engine, int threads, int lanes,
                 const CpuOptions& options = {});

  absl::StatusOr<ProgramParts> Build();

  // --- For factories.
  const Graph& graph() const { return graph_; }
  const Unit& unit() const { return *unit_; }
  const Node& node() const { return graph_.node(unit_->anchor); }
  // Operand i of the anchor; kNoValue when absent.
  ValueId input(size_t i) const {
    return i < node().inputs.size() ? node().inputs[i] : kNoValue;
  }
  ValueId output(size_t i = 0) const { return node().outputs[i]; }
  const TensorType& type(ValueId value) const { return graph_.type(value); }
  const Shape& shape(ValueId value) const { return graph_.shape(value); }
  const dnnl::engine& engine() const { return engine_; }
  int threads() const { return threads_; }
  const CpuOptions& options() const { return options_; }
  // For kernels to say which of the options they heed.
  CpuOptionsTaken& taken() { return taken_; }
  // True when the value is known now, so that other layouts of it are free.
  bool is_constant(ValueId value) const {
    return graph_.value(value).kind == ValueKind::kConstant;
  }

  // True when something beside this unit needs `value`.
  bool ReadOutside(ValueId value) const;

  // The layout in which `value` lies.
  const Layout& layout(ValueId value) const;
  SlotId Read(ValueId value);  // as it lies
  SlotId Read(ValueId value, const dnnl::memory::desc& want);
  SlotId ReadPlain(ValueId value);
  // Reads `value` row-major as `view` (the same elements under other extents or
  // strides), reordered to `want` where that differs.
  SlotId ReadAs(ValueId value, const dnnl::memory::desc& view,
                const dnnl::memory::desc& want);

  // Reads `value`, whose elements may have merged axes in `want`: reordered as
  // Read where the axes are its own, else row-major.
  SlotId ReadReshaped(ValueId value, const dnnl::memory::desc& want);
  // A slot that holds `value` as `want` and that this unit may change: the
  // value's own memory where nothing reads it later, else a copy.
  SlotId TakeOver(ValueId value, const dnnl::memory::desc& want);
  // Memory that holds these bytes.
  SlotId Constant(const void* data, int64_t bytes);

  SlotId Write(ValueId value, const Layout& layout);
  SlotId WritePlain(ValueId value);
  // `value` is the memory of `slot`: no step.
  void Alias(ValueId value, SlotId slot, const Layout& layout);
  // Memory for the unit's own use.
  SlotId Scratch(int64_t bytes);

  void AddStep(std::unique_ptr<Kernel> kernel, std::vector<SlotId> reads,
               std::vector<SlotId> writes);
  // The step that writes `written` may do so over `read`, if nothing reads that
  // later: it works element by element.
  void MayOverwrite(SlotId written, SlotId read);
  // A primitive made with a user scratchpad of `scratchpad`.
  void AddPrimitive(const dnnl::primitive& primitive,
                    std::vector<PrimitiveArgument> arguments,
                    const dnnl::memory::desc& scratchpad);
  void AddReorder(SlotId from, const dnnl::memory::desc& from_desc, SlotId to,
                  const dnnl::memory::desc& to_desc);

 private:
  enum class Place : uint8_t { kArena, kInput, kParameter, kOutput, kConstant };
  struct Slot {
    Place place = Place::kArena;
    size_t index = 0;  // of the operand or constant
    int64_t bytes = 0;
    int first = -1, last = -1;  // steps that touch it
    int first_write = -1;
    std::vector<SlotId> overwrites;  // slots that it may take over
    SlotId same_as = kNoSlot;        // merged into that slot
  };
  struct Copy {
    dnnl::memory::desc view, desc;
    SlotId slot;
  };
  struct ValueState {
    SlotId slot = kNoSlot;
    Layout layout;
    std::vector<Copy> copies;
  };

  ValueState& state(ValueId value) {
    return values_[static_cast<size_t>(value)];
  }
  const ValueState& state(ValueId value) const {
    return values_[static_cast<size_t>(value)];
  }
  Slot& slot(SlotId id) { return slots_[static_cast<size_t>(id)]; }

  SlotId NewSlot(Place place, size_t index, int64_t bytes);
  void AddOperands();
  absl::Status AddConstant(ValueId value);
  // True when no unit behind this one reads the memory of `value`.
  bool DiesHere(ValueId value) const;
  // A constant in another layout, computed now.
  SlotId PackConstant(SlotId from, const dnnl::memory::desc& from_desc,
                      const dnnl::memory::desc& to_desc);
  // Describes the next step and notes what it touches.
  void NoteStep(const std::vector<SlotId>& reads,
                const std::vector<SlotId>& writes);
  absl::Status BuildUnit(const Unit& unit);
  bool CanReplace(SlotId from, SlotId to);
  void PlaceUpdates();
  void PlaceOutputs();
  void AddCopy(SlotId from, SlotId to, int64_t bytes);
  ProgramStep Describe(const std::vector<SlotId>& reads,
                       const std::vector<SlotId>& writes) const;
  // The last step moves values for its unit instead of computing.
  void MarkAsMove(const char* kind);
  void MergeSlots();
  SlotId Root(SlotId id);
  absl::Status PlaceArena();

  const Graph& graph_;
  KernelFinder find_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  int threads_;
  CpuOptions options_;
  CpuOptionsTaken taken_;
  const Unit* unit_ = nullptr;
  std::vector<bool> built_;  // by node
  std::vector<ValueState> values_;
  std::vector<Slot> slots_;
  ProgramParts parts_;
  absl::Status status_;
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_PROGRAM_BUILDER_H_
