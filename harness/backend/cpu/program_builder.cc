#include "harness/backend/cpu/program_builder.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/memory_plan.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {
namespace {

class PrimitiveKernel final : public Kernel {
 public:
  PrimitiveKernel(dnnl::primitive primitive, const dnnl::stream& stream,
                  std::vector<std::pair<int, dnnl::memory>> arguments)
      : primitive_(std::move(primitive)),
        stream_(stream),
        memories_(std::move(arguments)) {
    for (const auto& [id, memory] : memories_) {
      arguments_.push_back({id, memory.get()});
    }
  }

  absl::Status Run(void* const*) const override {
    const dnnl_status_t status = dnnl_primitive_execute(
        primitive_.get(), stream_.get(), static_cast<int>(arguments_.size()),
        arguments_.data());
    if (status == dnnl_success) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat("oneDNN: a primitive failed with status ", status));
  }

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<std::pair<int, dnnl::memory>> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

class CopyKernel final : public Kernel {
 public:
  CopyKernel(SlotId from, SlotId to, int64_t bytes)
      : from_(from), to_(to), bytes_(static_cast<size_t>(bytes)) {}

  absl::Status Run(void* const* slots) const override {
    std::memcpy(At<char>(slots, to_), At<char>(slots, from_), bytes_);
    return absl::OkStatus();
  }

 private:
  SlotId from_, to_;
  size_t bytes_;
};

}  // namespace

dnnl::primitive_attr UserScratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

ProgramBuilder::ProgramBuilder(const Graph& graph, KernelFinder find,
                               const dnnl::engine& engine, int threads,
                               int lanes, const CpuOptions& options)
    : graph_(graph),
      find_(find),
      engine_(engine),
      stream_(engine),
      threads_(threads),
      options_(options),
      built_(static_cast<size_t>(graph.node_count()), false),
      values_(static_cast<size_t>(graph.value_count())) {
  parts_.lanes.resize(static_cast<size_t>(lanes));
}

SlotId ProgramBuilder::NewSlot(Place place, size_t index, int64_t bytes) {
  Slot slot;
  slot.place = place;
  slot.index = index;
  slot.bytes = bytes;
  slots_.push_back(std::move(slot));
  return static_cast<SlotId>(slots_.size()) - 1;
}

void ProgramBuilder::AddOperands() {
  auto add = [&](const std::vector<ValueId>& values, Place place) {
    for (size_t i = 0; i < values.size(); ++i) {
      ValueState& s = state(values[i]);
      s.layout = PlainLayout(type(values[i]));
      s.slot = NewSlot(place, i, s.layout.bytes);
    }
  };
  add(graph_.inputs(), Place::kInput);
  add(graph_.parameters(), Place::kParameter);
}

absl::Status ProgramBuilder::AddConstant(ValueId value) {
  ValueState& s = state(value);
  s.layout = PlainLayout(type(value));
  s.slot = Constant(graph_.value(value).constant.raw(), s.layout.bytes);
  return status_;
}

SlotId ProgramBuilder::Constant(const void* data, int64_t bytes) {
  absl::StatusOr<AlignedMemory> memory = AllocateAligned(bytes);
  if (!memory.ok()) {
    status_.Update(memory.status());
    return kNoSlot;
  }
  std::memcpy(memory->get(), data, static_cast<size_t>(bytes));
  const SlotId id = NewSlot(Place::kConstant, parts_.constants.size(), bytes);
  parts_.constants.push_back(*std::move(memory));
  return id;
}

SlotId ProgramBuilder::PackConstant(SlotId from,
                                    const dnnl::memory::desc& from_desc,
                                    const dnnl::memory::desc& to_desc) {
  const int64_t bytes = static_cast<int64_t>(to_desc.get_size());
  absl::StatusOr<AlignedMemory> memory = AllocateAligned(bytes);
  if (!memory.ok()) {
    status_.Update(memory.status());
    return from;
  }
  dnnl::memory src(from_desc, engine_,
                   parts_.constants[slot(from).index].get());
  dnnl::memory dst(to_desc, engine_, memory->get());
  dnnl::reorder(src, dst).execute(stream_, src, dst);
  stream_.wait();
  const SlotId packed =
      NewSlot(Place::kConstant, parts_.constants.size(), bytes);
  parts_.constants.push_back(*std::move(memory));
  return packed;
}

bool ProgramBuilder::ReadOutside(ValueId value) const {
  const std::vector<NodeId>& own = unit_->nodes;
  for (const NodeId reader : graph_.Consumers(value)) {
    if (std::find(own.begin(), own.end(), reader) == own.end()) return true;
  }
  return std::any_of(
             graph_.outputs().begin(), graph_.outputs().end(),
             [&](const Graph::Output& o) { return o.value == value; }) ||
         std::any_of(graph_.updates().begin(), graph_.updates().end(),
                     [&](const Graph::Update& u) { return u.value == value; });
}

const Layout& ProgramBuilder::layout(ValueId value) const {
  return state(value).layout;
}

SlotId ProgramBuilder::Read(ValueId value) { return state(value).slot; }

SlotId ProgramBuilder::ReadPlain(ValueId value) {
  if (state(value).layout.plain) return state(value).slot;
  return Read(value, PlainDesc(type(value).dtype, shape(value)));
}

SlotId ProgramBuilder::Read(ValueId value, const dnnl::memory::desc& want) {
  return ReadAs(value, state(value).layout.desc, want);
}

SlotId ProgramBuilder::ReadAs(ValueId value, const dnnl::memory::desc& view,
                              const dnnl::memory::desc& want) {
  const bool as_it_lies = view == state(value).layout.desc;
  const SlotId from = as_it_lies ? state(value).slot : ReadPlain(value);
  if (SameMemory(view, want)) return from;
  for (const Copy& copy : state(value).copies) {
    if (copy.view == view && SameMemory(copy.desc, want)) return copy.slot;
  }
  SlotId to;
  if (slot(from).place == Place::kConstant) {
    to = PackConstant(from, view, want);
  } else {
    to = NewSlot(Place::kArena, 0, static_cast<int64_t>(want.get_size()));
    AddReorder(from, view, to, want);
  }
  state(value).copies.push_back({view, want, to});
  return to;
}

SlotId ProgramBuilder::ReadReshaped(ValueId value,
                                    const dnnl::memory::desc& want) {
  if (want.get_dims() == DnnlDims(shape(value))) return Read(value, want);
  return ReadPlain(value);
}

bool ProgramBuilder::DiesHere(ValueId value) const {
  const SlotId id = state(value).slot;
  if (slots_[static_cast<size_t>(id)].place != Place::kArena) return false;
  auto kept = [&](ValueId v) { return state(v).slot == id; };
  auto waits = [&](NodeId node) {
    const std::vector<NodeId>& own = unit_->nodes;
    return !built_[static_cast<size_t>(node)] &&
           std::find(own.begin(), own.end(), node) == own.end();
  };
  // Values may share the slot: reshapes and identities.
  for (NodeId node = 0; node < graph_.node_count(); ++node) {
    if (!waits(node)) continue;
    for (const ValueId v : graph_.node(node).inputs) {
      if (v != kNoValue && kept(v)) return false;
    }
  }
  for (const Graph::Output& o : graph_.outputs()) {
    if (kept(o.value)) return false;
  }
  for (const Graph::Update& u : graph_.updates()) {
    if (kept(u.value)) return false;
  }
  return true;
}

SlotId ProgramBuilder::TakeOver(ValueId value, const dnnl::memory::desc& want) {
  const SlotId read = ReadReshaped(value, want);
  if (DiesHere(value)) return read;
  const SlotId own = Scratch(static_cast<int64_t>(want.get_size()));
  AddCopy(read, own, slot(own).bytes);
  return own;
}

SlotId ProgramBuilder::Write(ValueId value, const Layout& layout) {
  ValueState& s = state(value);
  s.layout = layout;
  s.slot = NewSlot(Place::kArena, 0, layout.bytes);
  return s.slot;
}

SlotId ProgramBuilder::WritePlain(ValueId value) {
  return Write(value, PlainLayout(type(value)));
}

void ProgramBuilder::Alias(ValueId value, SlotId slot, const Layout& layout) {
  state(value).slot = slot;
  state(value).layout = layout;
}

SlotId ProgramBuilder::Scratch(int64_t bytes) {
  return NewSlot(Place::kArena, 0, bytes);
}

void ProgramBuilder::AddStep(std::unique_ptr<Kernel> kernel,
                             std::vector<SlotId> reads,
                             std::vector<SlotId> writes) {
  NoteStep(reads, writes);
  for (ProgramLane& lane : parts_.lanes) lane.steps.push_back(kernel.get());
  parts_.kernels.push_back(std::move(kernel));
}

void ProgramBuilder::NoteStep(const std::vector<SlotId>& reads,
                              const std::vector<SlotId>& writes) {
  const int step = static_cast<int>(parts_.descriptions.size());
  parts_.descriptions.push_back(Describe(reads, writes));
  auto touch = [&](SlotId id) {
    Slot& s = slot(id);
    if (s.first < 0) s.first = step;
    s.last = step;
  };
  for (const SlotId id : reads) touch(id);
  for (const SlotId id : writes) {
    touch(id);
    if (slot(id).first_write < 0) slot(id).first_write = step;
  }
}

ProgramStep ProgramBuilder::Describe(const std::vector<SlotId>& reads,
                                     const std::vector<SlotId>& writes) const {
  ProgramStep step;
  for (const std::vector<SlotId>* slots : {&reads, &writes}) {
    for (const SlotId id : *slots) {
      step.bytes += slots_[static_cast<size_t>(id)].bytes;
    }
  }
  if (unit_ == nullptr) return step;
  step.nodes = unit_->nodes;
  step.kind = node().op;
  step.name = graph_.value(graph_.node(step.nodes.back()).outputs[0]).name;
  return step;
}

void ProgramBuilder::MarkAsMove(const char* kind) {
  parts_.descriptions.back().kind = kind;
  parts_.descriptions.back().nodes.clear();
}

void ProgramBuilder::MayOverwrite(SlotId written, SlotId read) {
  slot(written).overwrites.push_back(read);
}

void ProgramBuilder::AddPrimitive(const dnnl::primitive& primitive,
                                  std::vector<PrimitiveArgument> arguments,
                                  const dnnl::memory::desc& scratchpad) {
  if (scratchpad.get_size() > 0) {
    const int64_t bytes = static_cast<int64_t>(scratchpad.get_size());
    arguments.push_back(
        {DNNL_ARG_SCRATCHPAD, Scratch(bytes), scratchpad, true});
  }
  std::vector<SlotId> reads, writes;
  for (const PrimitiveArgument& a : arguments) {
    (a.written ? writes : reads).push_back(a.slot);
  }
  NoteStep(reads, writes);
  // Memory objects hold an address, so that each lane has its own.
  for (ProgramLane& lane : parts_.lanes) {
    std::vector<std::pair<int, dnnl::memory>> memories;
    for (const PrimitiveArgument& a : arguments) {
      dnnl::memory memory(a.desc, engine_, DNNL_MEMORY_NONE);
      lane.bindings.push_back({a.slot, memory});
      memories.emplace_back(a.id, std::move(memory));
    }
    parts_.kernels.push_back(std::make_unique<PrimitiveKernel>(
        primitive, stream_, std::move(memories)));
    lane.steps.push_back(parts_.kernels.back().get());
  }
}

void ProgramBuilder::AddReorder(SlotId from,
                                const dnnl::memory::desc& from_desc, SlotId to,
                                const dnnl::memory::desc& to_desc) {
  const dnnl::reorder::primitive_desc pd(engine_, from_desc, engine_, to_desc,
                                         UserScratchpad());
  AddPrimitive(
      dnnl::reorder(pd),
      {{DNNL_ARG_FROM, from, from_desc}, {DNNL_ARG_TO, to, to_desc, true}},
      pd.scratchpad_desc());
  MarkAsMove("reorder");
}

void ProgramBuilder::AddCopy(SlotId from, SlotId to, int64_t bytes) {
  AddStep(std::make_unique<CopyKernel>(from, to, bytes), {from}, {to});
  MarkAsMove("copy");
}

absl::Status ProgramBuilder::BuildUnit(const Unit& unit) {
  unit_ = &unit;
  for (const NodeId id : unit.nodes) {
    for (const ValueId value : graph_.node(id).inputs) {
      if (value != kNoValue && is_constant(value) &&
          state(value).slot == kNoSlot) {
        ASSAY_RETURN_IF_ERROR(AddConstant(value));
      }
    }
  }
  const Node& anchor = graph_.node(unit.anchor);
  const std::string where = absl::StrCat(
      "cpu: ", anchor.op, " '", graph_.value(anchor.outputs[0]).name, "': ");
  try {
    absl::Status made = find_(anchor.op)->make(*this);
    made.Update(status_);
    if (made.ok()) return made;
    return absl::Status(made.code(), absl::StrCat(where, made.message()));
  } catch (const dnnl::error& error) {
    return absl::Status(error.status == dnnl_unimplemented
                            ? absl::StatusCode::kUnimplemented
                            : absl::StatusCode::kInternal,
                        absl::StrCat(where, "oneDNN: ", error.what()));
  }
}

// Whether the step that makes `from` may write over the parameter `to`: nothing
// reads the old value later.
bool ProgramBuilder::CanReplace(SlotId from, SlotId to) {
  const Slot& source = slot(from);
  const Slot& target = slot(to);
  if (source.place != Place::kArena || target.first_write >= 0) return false;
  if (target.last < source.first_write) return true;
  return target.last == source.first_write &&
         std::find(source.overwrites.begin(), source.overwrites.end(), to) !=
             source.overwrites.end();
}

void ProgramBuilder::PlaceUpdates() {
  struct Pending {
    SlotId from, to;
  };
  std::vector<Pending> results, copies;
  for (const Graph::Update& update : graph_.updates()) {
    const SlotId to = state(update.parameter).slot;
    SlotId from = ReadPlain(update.value);
    if (slot(from).place == Place::kArena) {
      results.push_back({from, to});
      continue;
    }
    // The value is an operand itself, which another update may change: keep it.
    const SlotId kept = Scratch(slot(from).bytes);
    AddCopy(from, kept, slot(from).bytes);
    copies.push_back({kept, to});
  }
  for (const Pending& result : results) {
    if (CanReplace(result.from, result.to)) {
      Slot& source = slot(result.from);
      source.place = Place::kParameter;
      source.index = slot(result.to).index;
      slot(result.to).first_write = source.first_write;
    } else {
      copies.push_back(result);
    }
  }
  for (const Pending& copy : copies) {
    AddCopy(copy.from, copy.to, slot(copy.to).bytes);
  }
}

void ProgramBuilder::PlaceOutputs() {
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const ValueId value = graph_.outputs()[i].value;
    const SlotId from = ReadPlain(value);
    if (slot(from).place == Place::kArena) {
      slot(from).place = Place::kOutput;
      slot(from).index = i;
      continue;
    }
    const SlotId to = NewSlot(Place::kOutput, i, slot(from).bytes);
    AddCopy(from, to, slot(to).bytes);
  }
}

SlotId ProgramBuilder::Root(SlotId id) {
  while (slot(id).same_as != kNoSlot) id = slot(id).same_as;
  return id;
}

// Lets a result take over the memory of an operand that dies in its step.
void ProgramBuilder::MergeSlots() {
  for (SlotId id = 0; id < static_cast<SlotId>(slots_.size()); ++id) {
    if (slot(id).place != Place::kArena) continue;
    for (const SlotId candidate : slot(id).overwrites) {
      const SlotId root = Root(candidate);
      Slot& target = slot(root);
      if (root == id || target.place != Place::kArena ||
          target.bytes != slot(id).bytes || target.last != slot(id).first) {
        continue;
      }
      target.last = std::max(target.last, slot(id).last);
      slot(id).same_as = root;
      break;
    }
  }
}

absl::Status ProgramBuilder::PlaceArena() {
  MergeSlots();
  std::vector<SlotId> planned;
  std::vector<PlannedBlock> blocks;
  for (SlotId id = 0; id < static_cast<SlotId>(slots_.size()); ++id) {
    const Slot& s = slot(id);
    if (s.place != Place::kArena || s.same_as != kNoSlot || s.first < 0) {
      continue;
    }
    planned.push_back(id);
    blocks.push_back({s.bytes, s.first, s.last});
  }
  const MemoryPlan plan = PlanMemory(blocks);
  parts_.arena_bytes = plan.bytes * static_cast<int64_t>(parts_.lanes.size());
  ASSAY_ASSIGN_OR_RETURN(parts_.arena, AllocateAligned(parts_.arena_bytes));
  char* arena = static_cast<char*>(parts_.arena.get());
  for (ProgramLane& lane : parts_.lanes) {
    lane.addresses.assign(slots_.size(), nullptr);
    for (size_t i = 0; i < planned.size(); ++i) {
      lane.addresses[static_cast<size_t>(planned[i])] = arena + plan.offsets[i];
    }
    arena += plan.bytes;
  }
  for (SlotId id = 0; id < static_cast<SlotId>(slots_.size()); ++id) {
    const Slot& s = slot(id);
    const size_t i = static_cast<size_t>(id);
    switch (s.place) {
      case Place::kArena:
        for (ProgramLane& lane : parts_.lanes) {
          lane.addresses[i] = lane.addresses[static_cast<size_t>(Root(id))];
        }
        break;
      case Place::kConstant:
        for (ProgramLane& lane : parts_.lanes) {
          lane.addresses[i] = parts_.constants[s.index].get();
        }
        parts_.constant_bytes += s.bytes;
        break;
      case Place::kInput:
        parts_.inputs.push_back({id, s.index});
        break;
      case Place::kParameter:
        parts_.parameters.push_back({id, s.index});
        break;
      case Place::kOutput:
        parts_.outputs.push_back({id, s.index});
        break;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ProgramParts> ProgramBuilder::Build() {
  AddOperands();
  for (const Unit& unit : PlanUnits(graph_, find_)) {
    ASSAY_RETURN_IF_ERROR(BuildUnit(unit));
    for (const NodeId id : unit.nodes) built_[static_cast<size_t>(id)] = true;
  }
  for (const Graph::Output& output : graph_.outputs()) {
    if (is_constant(output.value) && state(output.value).slot == kNoSlot) {
      ASSAY_RETURN_IF_ERROR(AddConstant(output.value));
    }
  }
  for (const Graph::Update& update : graph_.updates()) {
    if (is_constant(update.value) && state(update.value).slot == kNoSlot) {
      ASSAY_RETURN_IF_ERROR(AddConstant(update.value));
    }
  }
  unit_ = nullptr;
  // Outputs first: their copies still read the old parameters.
  PlaceOutputs();
  PlaceUpdates();
  ASSAY_RETURN_IF_ERROR(PlaceArena());
  ASSAY_RETURN_IF_ERROR(status_);
  return std::move(parts_);
}

}  // namespace assay::cpu
