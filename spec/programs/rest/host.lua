--- host.lua - the programs about streams at rest have what all have.

include "spec/programs/common.lua"
