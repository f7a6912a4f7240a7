local lease, gone = next_number(), {}
expire()
for _ = 1, next_number() do
    local id = next_text()
    local hold = hold_of(id)
    if hold and hold.d then
        hold.d = now + lease
        put_hold(id, hold)
    else
        gone[#gone + 1] = id
    end
end
return gone
