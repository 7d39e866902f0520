--- host.lua - the programs of a plain script have what all have.

include "spec/programs/common.lua"
