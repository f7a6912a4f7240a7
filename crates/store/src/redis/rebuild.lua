local name, kept_until, token, found, spent = next_text(), next_text(), next_text(), next_text(), next_number()
expire()
local key = stem .. ':c:' .. name
local claim = redis.call('GET', key)
if not claim then return { 'not_claimed' } end
local holder, ends = string.match(claim, '^(%d+) (%d+)$')
if holder ~= token or tonumber(ends) <= now then return { 'not_claimed' } end
redis.call('DEL', key)
local it = counter(name)
if (it and text(it.s) or '') ~= found then return { 'changed' } end
it = it or { s = 0, e = 0, r = 0 }
it.s = spent
put_counter(name, it, kept_until)
return { 'done' }
