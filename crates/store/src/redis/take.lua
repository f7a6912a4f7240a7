local id, second, short = next_text(), next_text(), next_text()
local amount, lease = next_number(), next_number()
local windows, slots, draws = {}, {}, {}
for index = 1, next_number() do windows[index] = { next_text(), next_text(), next_text() } end
for index = 1, next_number() do slots[index] = { next_text(), next_number() } end
for index = 1, next_number() do
    draws[index] = { next_text(), next_number(), next_number(), next_number(), next_number() }
end
expire()
if is_settled(second, short) then return { 'late' } end
local hold = hold_of(id)
if hold and not hold.d then return { 'late' } end
hold = hold or { d = 0, w = {}, s = {} }

local counters, missing = {}, { 'missing' }
for index, window in ipairs(windows) do
    counters[index] = counter(window[1])
    if not counters[index] then missing[#missing + 1] = window[1] end
end
if #missing > 1 then return missing end

local held = {}
for _, one in ipairs(hold.w) do held[one[1]] = true end
local spent, reserved, limited, no_slot, added = nil, nil, nil, nil, {}
for index, window in ipairs(windows) do
    if not held[window[1]] then
        local it, limit = counters[index], tonumber(window[3])
        if limit then
            if it.s + amount > limit then
                spent = spent or index
            elseif it.s + it.r + amount > limit then
                reserved = reserved or index
            end
        end
        it.r = counted(it.r + amount)
        added[#added + 1] = index
        hold.w[#hold.w + 1] = { window[1], window[2], amount }
    end
end
local debts = {}
for index, draw in ipairs(draws) do
    local name, tokens, period, burst, drawn = unpack(draw)
    local owed, at = owed_now(name, tokens)
    local over = owed + drawn * period - burst * period
    if drawn > 0 and over > 0 and not limited then
        local wait = drawn <= burst and text(math.ceil(over / tokens)) or ''
        limited = { 'limited', text(index - 1), wait }
    end
    debts[index] = { counted(owed + drawn * period), at }
end
local kinds = {}
for _, name in ipairs(hold.s) do kinds[name] = true end
local taken = {}
for index, slot in ipairs(slots) do
    if not kinds[slot[1]] then
        local number = tonumber(redis.call('GET', stem .. ':n:' .. slot[1]) or '0')
        if number >= slot[2] then no_slot = no_slot or index end
        taken[#taken + 1] = { slot[1], number + 1 }
        hold.s[#hold.s + 1] = slot[1]
    end
end
if spent then return { 'spent', text(spent - 1) } end
if limited then return limited end
if reserved then return { 'reserved', text(reserved - 1) } end
if no_slot then return { 'no_slot', text(no_slot - 1) } end

for _, index in ipairs(added) do put_counter(windows[index][1], counters[index], windows[index][2]) end
for _, slot in ipairs(taken) do redis.call('SET', stem .. ':n:' .. slot[1], text(slot[2])) end
for index, draw in ipairs(draws) do
    if draw[5] > 0 then put_owed(draw[1], debts[index][1], debts[index][2], draw[2]) end
end
if #hold.w > 0 or #hold.s > 0 then
    hold.d = math.max(hold.d, now + lease)
    put_hold(id, hold)
end
local answer = { 'granted' }
for _, it in ipairs(counters) do
    answer[#answer + 1] = text(it.s)
    answer[#answer + 1] = text(it.e)
    answer[#answer + 1] = text(it.r)
end
for index, draw in ipairs(draws) do
    local left = math.max(0, draw[4] * draw[3] - debts[index][1])
    answer[#answer + 1] = text(math.floor(left / draw[3]))
    answer[#answer + 1] = text(math.ceil(debts[index][1] / draw[2]))
end
return answer
