local id, second, short, amount, book = next_text(), next_text(), next_text(), next_number(), next_text()
local named, corrections = {}, {}
for index = 1, next_number() do named[index] = { next_text(), next_text(), 0 } end
for index = 1, next_number() do
    corrections[index] = { next_text(), next_number(), next_number(), next_number() }
end
expire()
if is_settled(second, short) then return { 'before' } end
local hold = hold_of(id) or { d = false, w = {}, s = {} }
local windows = hold.w
if #windows == 0 then
    if book ~= '1' then return { 'unknown' } end
    windows = named
end
local changes, missing = {}, { 'missing' }
for _, window in ipairs(windows) do
    local it = counter(window[1])
    if it then
        if hold.d then
            it.r = counted(it.r - window[3])
            it.s = counted(it.s + amount)
        else
            it.e = counted(it.e - window[3])
            it.s = counted(counted(it.s - window[3]) + amount)
        end
        changes[#changes + 1] = { window, it }
    elseif window[2] == '' or tonumber(window[2]) > now then
        missing[#missing + 1] = window[1]
    end
end
if #missing > 1 then return missing end
for _, change in ipairs(changes) do put_counter(change[1][1], change[2], change[1][2]) end
give_back_slots(hold)
for _, correction in ipairs(corrections) do
    local name, tokens, period, used = unpack(correction)
    local owed, at = owed_now(name, tokens)
    put_owed(name, counted(owed + used * period), at, tokens)
end
drop_hold(id)
local key = stem .. ':s:' .. second
redis.call('HSET', key, short, '')
redis.call('PEXPIRE', key, REMEMBERED)
return { 'done' }
