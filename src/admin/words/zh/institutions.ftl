## Institutions
institutions = 机构
institutions-what = 其他机构与我们交换影像的可靠程度，以本网关所见为准。某一信用分允许什么，由现行规则规定。
institutions-all = 各机构及其今日信用分
institutions-ceiling = 上限
institutions-good = 正面
institutions-bad = 负面
institutions-ae-titles = AE 标题
institutions-peers = 对端
institutions-gateway = 网关
institutions-yes = 有
institutions-own = 本机构
institutions-no-evidence = 尚无依据
institutions-own-what = 这是我们自己的机构，在此没有信用分。
institutions-score-today = 今日信用分
institutions-consents = 指名该机构的同意
institutions-objections = 以及 { $count } 项反对
institutions-until-lifted = 直至解除
institutions-until = 至 { $day }（含当日）
institutions-formula = 1000 ×（正面 { $good } + { $base-good }）/（正面 { $good } + 负面 { $bad } + { $base }），向下取整：{ $score }。一个单位等于与一个对方无差错交换一天；正面的一半比负面的一半更早被遗忘。

## Score over time
institutions-over-time = 信用分变化
institutions-nothing-yet = 尚无关于该机构的依据。第一次传输结束后，其信用分才会变化。
institutions-unreadable = 无法读取账本。请网关的运维人员查看其日志。
institutions-reading = 正在读取账本：共 { $of } 条目，已读 { $done } 条。请稍后重新加载页面。
institutions-chart = { $name } 的信用分变化
institutions-axis-day = 日期
institutions-axis-score = 信用分
institutions-span-quarter = 一个季度
institutions-span-year = 一年
institutions-span-all = 全部
institutions-key-score = 每日结束时的信用分
institutions-key-event = 扣分
institutions-key-marks = 虚线：自该信用分起，随产品提供的规则允许更多

## What moved it
institutions-events = 信用分的来源
institutions-head-day = 日期
institutions-head-entries = 条目
institutions-left = 剩余
institutions-more = 另有 { $count } 行较早的内容未列出：可用 credence score explain { $slug } --all 查看。
institutions-routine = { $due } 次传输中 { $good } 次正常
institutions-revocations-answered = 及时答复 { $count } 次撤回
institutions-review-overdue = 紧急访问未及时复核：决定 { $decision }
institutions-review-unjustified = 紧急访问被认定为不正当：决定 { $decision }
institutions-equivocated = 其两份签名声明相互矛盾
institutions-receipt-disputed = 回执所述字节与本网关所见不同：决定 { $decision }
institutions-misstated = 以其他机构的名义发言
institutions-incident-upheld = 事件成立：{ $incident }；报告 { $report }
institutions-reversed = 已由条目 { $entry } 撤销
institutions-set-ceiling = 上限 { $score }，至 { $day }（含当日）
institutions-set-ceiling-lifted = 上限 { $score }，直至解除
institutions-lifted = 已由条目 { $entry } 解除
institutions-waiting = 尚不计入：{ $incident }（报告 { $report }）等待仲裁，失效时间

## Transfers of late
institutions-transfers = 近期传输
institutions-no-transfers = 最近一天内，该机构与我们之间没有传输。
institutions-recipient = 接收方
institutions-images = 影像
institutions-failed = 失败
institutions-under-way = 进行中

## Address book
institutions-address-book = 通讯录
institutions-slug = 简称
institutions-address = 地址
institutions-no-address = 配置中没有
institutions-certificates = 证书
institutions-fhir = FHIR 中的名称
institutions-no-peers = 配置中没有该机构的对端：请添加 [[peer]]，之后双方才能互相请求。
institutions-peer = 对端
institutions-ae-title = AE 标题
institutions-calls-from = 呼叫来源
institutions-any-address = 任意地址
institutions-connect = 我方连接至
institutions-never-connected = 从不
institutions-may = 允许的操作
institutions-echo-head = 是否应答
institutions-echo = 回显测试
institutions-echo-peer = 向 { $peer } 发送 C-ECHO
institutions-echo-answers = 有应答
institutions-echo-took = { $ms } 毫秒
institutions-echo-tls = 我方证书无法使用
institutions-echo-unreachable = 无法连接
institutions-echo-not-accepted = 不接受 C-ECHO
institutions-echo-ended = 连接中断
institutions-echo-status = 以错误状态应答
institutions-echo-late = 未及时应答
institutions-gateway-of = 网关 { $peer }
institutions-gateway-ae = 我方代表它的 AE 标题
institutions-gateway-emergency-ae = 用于紧急情况的 AE 标题
institutions-exchange = 交换地址
institutions-log-key = 其日志密钥
institutions-statement-key = 其声明密钥
institutions-witness-key = 其见证密钥
institutions-parcel-key = 包裹密钥
