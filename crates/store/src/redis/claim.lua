local key, token, lease = stem .. ':c:' .. next_text(), next_text(), next_number()
local found = redis.call('GET', key)
if found then
    local holder, kept_until = string.match(found, '^(%d+) (%d+)$')
    if holder ~= token and tonumber(kept_until) > now then return { 'no' } end
end
redis.call('SET', key, token .. ' ' .. text(now + lease), 'PX', text(lease))
return { 'yes' }
