#include "absl/strings/str_cat.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

uint32_t Modality(Form form) {
  switch (form) {
    case Form::kImage:
      return ASSAY_IMAGE;
    case Form::kAudio:
      return ASSAY_AUDIO;
    case Form::kText:
    case Form::kStream:
      return ASSAY_TEXT;
  }
  return 0;
}

void Info(assay_host* host, assay_task_info* out) {
  const Task& task = host->task();
  const DatasetSpec& data = task.dataset().spec();
  assay_task_info info{};
  info.modality = Modality(data.form);
  info.metric = task.spec().metric == Metric::kAccuracy ? ASSAY_ACCURACY
                                                        : ASSAY_BITS_PER_BYTE;
  info.higher_is_better = HigherIsBetter(task.spec().metric) ? 1 : 0;
  info.sample_shape = data.sample_shape.data();
  info.sample_rank = static_cast<uint32_t>(data.sample_shape.size());
  info.sample_dtype = FromDType(data.dtype);
  info.classes = data.classes;
  info.train_samples = task.dataset().size(Split::kTrain);
  info.validation_samples = task.dataset().size(Split::kValidation);
  info.input = Lend(task.input());
  info.labels = Lend("labels");
  info.chance = host->served().chance;
  info.reference = host->served().reference;
  Fill(info, out);
}

absl::string_view Name(Schedule::Kind kind) {
  switch (kind) {
    case Schedule::Kind::kConstant:
      return "constant";
    case Schedule::Kind::kCosine:
      return "cosine";
    case Schedule::Kind::kLinear:
      return "linear";
    case Schedule::Kind::kOneCycle:
      return "one_cycle";
    case Schedule::Kind::kStep:
    case Schedule::Kind::kMultiStep:
      return "step";
  }
  return "";
}

void Recipe(assay_host* host, assay_recipe* out) {
  const Task& task = host->task();
  const TrainingRecipe& recipe = task.spec().recipe;
  const bool sgd = recipe.optimizer.kind == OptimizerOptions::Kind::kSgd;
  assay_recipe r{};
  r.batch_size = static_cast<uint32_t>(recipe.batch);
  r.steps = task.recipe_steps();
  r.steps_per_epoch = task.TrainingBatches(recipe.batch, 0)->batch_count();
  r.epochs =
      static_cast<double>(r.steps) / static_cast<double>(r.steps_per_epoch);
  r.optimizer = Lend(sgd ? "sgd" : "adamw");
  r.schedule = Lend(Name(recipe.schedule.kind));
  r.learning_rate = recipe.schedule.peak;
  r.momentum = sgd ? recipe.optimizer.momentum : recipe.optimizer.beta1;
  r.weight_decay = recipe.optimizer.weight_decay;
  r.label_smoothing = recipe.loss.label_smoothing;
  r.warmup_steps = static_cast<double>(task.RecipeSchedule().warmup);
  Fill(r, out);
}

void Allowance(assay_host* host, assay_allowance* out) {
  const ServedAllowance& a = host->options().allowance;
  assay_allowance allowance{};
  allowance.samples = a.samples;
  allowance.steps = a.steps;
  allowance.evaluations = a.evaluations;
  allowance.seconds = a.seconds;
  Fill(allowance, out);
}

uint32_t BudgetCount(assay_host* host) {
  return static_cast<uint32_t>(host->options().budgets.size());
}

assay_status* Budget(assay_host* host, uint32_t index, assay_budget* out) {
  if (index >= BudgetCount(host)) {
    return Give(absl::OutOfRangeError(absl::StrCat(
        "task.budget: there are ", BudgetCount(host), ", asked for ", index)));
  }
  const ServedBudget& b = host->options().budgets[index];
  assay_budget budget{};
  budget.id = Lend(b.id);
  budget.kinds = BudgetKinds(b);
  budget.sparsity = b.sparsity;
  budget.macs_fraction = b.macs_fraction;
  budget.weight_bits = b.weight_bits;
  budget.activation_bits = b.activation_bits;
  budget.bytes = b.bytes;
  Fill(budget, out);
  return nullptr;
}

}  // namespace

uint32_t BudgetKinds(const ServedBudget& b) {
  uint32_t kinds = 0;
  if (b.sparsity >= 0) kinds |= ASSAY_BUDGET_SPARSITY;
  if (b.macs_fraction >= 0) kinds |= ASSAY_BUDGET_MACS;
  if (b.weight_bits >= 0 || b.activation_bits >= 0) kinds |= ASSAY_BUDGET_BITS;
  if (b.bytes >= 0) kinds |= ASSAY_BUDGET_BYTES;
  return kinds;
}

const assay_task_table* TaskTable() {
  static constexpr assay_task_table kTable = {ASSAY_SIZE(assay_task_table),
                                              1,
                                              &Info,
                                              &Recipe,
                                              &Allowance,
                                              &BudgetCount,
                                              &Budget};
  return &kTable;
}

}  // namespace assay
