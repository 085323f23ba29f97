// A shared library that is no plugin.
extern "C" int some_other_entry() { return 0; }
