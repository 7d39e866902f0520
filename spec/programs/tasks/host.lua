--- host.lua - the programs in tasks of the library have what all have.

include "spec/programs/common.lua"
