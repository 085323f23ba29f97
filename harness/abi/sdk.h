// The C++ SDK: assay.h as C++20, header only, no library needed.
//
// A method derives from sdk::Method and reaches everything through sdk::Run:
//
//   class Round final : public sdk::Method {
//     sdk::Status Apply(sdk::Run& run) override {
//       ASSAY_ASSIGN_OR_RETURN(sdk::Parameters p, run.CloneParameters());
//       ...
//       for (const sdk::Budget& b : run.budgets()) {
//         ASSAY_RETURN_IF_ERROR(run.Submit(b, run.graph(), p));
//       }
//       return sdk::OkStatus();
//     }
//   };
//   ASSAY_EXPORT_METHOD(Round, sdk::Card("round").Version("1.0.0"));
//
// References (GraphRef, ParametersRef, PartRef) read what others own; handles
// (Graph, Parameters, Program, ...) are move-only and release what they hold.
// Errors are Status and StatusOr; exceptions may be used inside a plugin, the
// SDK turns those that reach the border into INTERNAL. plugins/template is the
// smallest example.
#ifndef ASSAY_HARNESS_ABI_SDK_H_
#define ASSAY_HARNESS_ABI_SDK_H_

#include "sdk/module.h"

#endif  // ASSAY_HARNESS_ABI_SDK_H_
