// The page around its data, made by make_page.py.
#ifndef ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_TEMPLATE_H_
#define ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_TEMPLATE_H_

namespace assay::formats::html {

extern const char kPageHead[];  // up to where the data go
extern const char kPageTail[];  // what follows them

}  // namespace assay::formats::html

#endif  // ASSAY_HARNESS_REPORT_FORMATS_HTML_PAGE_TEMPLATE_H_
