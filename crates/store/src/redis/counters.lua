repeat until expire() == 0
local answer = {}
for _ = 2, #ARGV do
    local it = counter(next_text())
    answer[#answer + 1] = it and text(it.s) or ''
    answer[#answer + 1] = it and text(it.e) or ''
    answer[#answer + 1] = it and text(it.r) or ''
end
return answer
