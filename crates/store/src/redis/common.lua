-- Begins every script. KEYS[1] is the stem of the tenant's keys, so that all of them are in one slot of a cluster.
-- Numbers are whole and below 2^53, which Lua holds exactly; they are written with %.0f, since %.14g would round them.
if redis.replicate_commands then redis.replicate_commands() end
local stem, now = KEYS[1], tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local MOST = 9000000000000000
local REMEMBERED = 691200000
local argument = 1
local function next_text()
    argument = argument + 1
    return ARGV[argument]
end
local function next_number()
    return tonumber(next_text())
end
local function text(number)
    return string.format('%.0f', number)
end
local function counted(sum)
    return math.max(0, math.min(sum, MOST))
end

-- spent, estimated, reserved; nil where it is missing
local function counter(name)
    local found = redis.call('HMGET', stem .. ':w:' .. name, 's', 'e', 'r')
    if not found[1] then return nil end
    return { s = tonumber(found[1]), e = tonumber(found[2]), r = tonumber(found[3]) }
end
local function put_counter(name, it, kept_until)
    local key = stem .. ':w:' .. name
    redis.call('HSET', key, 's', text(it.s), 'e', text(it.e), 'r', text(it.r))
    if kept_until ~= '' then redis.call('PEXPIRE', key, text(tonumber(kept_until) - now)) end
end

-- d: when the lease ends, or false; w: {name, kept until, amount}; s: names of slots
local function hold_of(id)
    local packed = redis.call('GET', stem .. ':h:' .. id)
    return packed and cmsgpack.unpack(packed) or nil
end
local function put_hold(id, hold)
    if hold.d then
        redis.call('SET', stem .. ':h:' .. id, cmsgpack.pack(hold))
        redis.call('ZADD', stem .. ':l', text(hold.d), id)
    else
        redis.call('SET', stem .. ':h:' .. id, cmsgpack.pack(hold), 'PX', REMEMBERED)
        redis.call('ZREM', stem .. ':l', id)
    end
end
local function drop_hold(id)
    redis.call('DEL', stem .. ':h:' .. id)
    redis.call('ZREM', stem .. ':l', id)
end
local function give_back_slots(hold)
    for _, name in ipairs(hold.s) do
        local key = stem .. ':n:' .. name
        local held = tonumber(redis.call('GET', key) or '0')
        if held > 1 then redis.call('SET', key, text(held - 1)) else redis.call('DEL', key) end
    end
    hold.s = {}
end

-- Books what expired leases hold; says how many there were.
local function expire()
    local expired = redis.call('ZRANGEBYSCORE', stem .. ':l', '-inf', text(now), 'LIMIT', 0, 64)
    for _, id in ipairs(expired) do
        local hold = hold_of(id)
        if hold then
            for _, held in ipairs(hold.w) do
                local it = counter(held[1])
                if it then
                    it.r = counted(it.r - held[3])
                    it.s = counted(it.s + held[3])
                    it.e = counted(it.e + held[3])
                    put_counter(held[1], it, held[2])
                else
                    held[3] = 0
                end
            end
            give_back_slots(hold)
            hold.d = false
        end
        if hold and #hold.w > 0 then put_hold(id, hold) else drop_hold(id) end
    end
    return #expired
end

local function is_settled(second, short)
    return redis.call('HEXISTS', stem .. ':s:' .. second, short) == 1
end

-- What a bucket owes now, and since when it is known.
local function owed_now(name, tokens)
    local found = redis.call('GET', stem .. ':b:' .. name)
    if not found then return 0, now end
    local owed, at = string.match(found, '^(%d+) (%d+)$')
    owed, at = tonumber(owed), tonumber(at)
    local passed = math.max(0, now - at)
    return counted(owed - passed * tokens), math.max(at, now)
end
local function put_owed(name, owed, at, tokens)
    local full_after = at - now + math.ceil(owed / tokens)
    if full_after <= 0 then
        redis.call('DEL', stem .. ':b:' .. name)
    else
        redis.call('SET', stem .. ':b:' .. name, text(owed) .. ' ' .. text(at), 'PX', text(full_after))
    end
end
