# Lists the structs of the ABI's headers, their members and the enumerators as C
# rows:
#   ASSAY_STRUCT(assay_text)
#   ASSAY_MEMBER(assay_text, data)
#   ASSAY_VALUE(ASSAY_F32)
# Understands the style of these headers: `typedef struct x {`, one declaration
# to a semicolon, `} x;`.
{ line = $0 }
{ # Drop comments, which may span lines.
  out = ""
  while (length(line) > 0) {
    if (comment) {
      end = index(line, "*/")
      if (end == 0) { line = ""; break }
      line = substr(line, end + 2); comment = 0
    } else {
      begin = index(line, "/*")
      if (begin == 0) { out = out line; line = "" }
      else { out = out substr(line, 1, begin - 1); line = substr(line, begin + 2); comment = 1 }
    }
  }
  text = out
}
text ~ /^typedef struct [A-Za-z0-9_]+ \{/ {
  split(text, words, " "); name = words[3]; pending = ""
  print "ASSAY_STRUCT(" name ")"
  next
}
name != "" && text ~ /^\}/ { name = ""; next }
name != "" {
  pending = pending " " text
  while ((stop = index(pending, ";")) > 0) {
    declaration = substr(pending, 1, stop - 1)
    pending = substr(pending, stop + 1)
    if (match(declaration, /\(\*[A-Za-z0-9_]+\)\(/)) {
      member = substr(declaration, RSTART + 2, RLENGTH - 4)
    } else {
      sub(/\[.*$/, "", declaration)
      gsub(/^ +| +$/, "", declaration)
      count = split(declaration, words, /[ *]+/)
      if (declaration ~ /,/) {  # uint32_t low, high
        print "#error several members in one declaration of " name
        continue
      }
      member = words[count]
    }
    print "ASSAY_MEMBER(" name ", " member ")"
  }
}
name == "" && match(text, /ASSAY_[A-Z0-9_]+ = -?[0-9]+/) {
  split(substr(text, RSTART, RLENGTH), words, " ")
  print "ASSAY_VALUE(" words[1] ")"
}
