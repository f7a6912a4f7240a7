local id = next_text()
expire()
local hold = hold_of(id)
if not hold or #hold.s == 0 then return { 'no' } end
give_back_slots(hold)
if #hold.w == 0 then drop_hold(id) else put_hold(id, hold) end
return { 'yes' }
