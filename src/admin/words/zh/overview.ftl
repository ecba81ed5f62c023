## Overview
overview = 概览
tile-under-way = 正在传输
tile-arrived = 过去一天的图像
tile-permitted = 过去一天允许
tile-refused = 过去一天拒绝
tile-waiting = 队列中等待
tile-ledger = 账本条目
last-day = 过去一天
plot-day = 过去一天每小时的请求:允许与拒绝
nothing-yet = 还没有任何请求。将设备或工作站指向网关的 AE 标题后,请求会显示在这里。
refused-of-the-day = 过去一天被拒绝的请求
nothing-refused = 过去一天没有拒绝任何请求。
queues = 队列
no-queues = 没有使用队列的路由,因此没有等待的内容。
scores = 信用分
no-scores = 尚无机构拥有自己的信用分:均按 500 计。

## States of queues
queue-state-idle = 空闲
queue-state-working = 工作中
queue-state-down = 目标不可达
queue-state-busy = 目标繁忙
queue-state-not-recorded = 无法记录
queue-state-paused = 已暂停
queue-state-no-peer = 无对端
queue-state-not-served = 未服务

no-alerts = 没有需要处理的事项。
alerts-standing = 需要处理
flowing-now = 正在进行
nothing-flows = 目前没有连接。
ending-soon = 即将到期
nothing-ends = 没有即将到期的证书或吊销列表。
head-how-bad = 严重程度
head-last = 最近一次
head-times = 次数
head-association = 关联
head-operation = 操作
head-requests = 请求数
head-since = 开始时间
head-ends = 到期
severity-success = 好消息
severity-minor = 轻微
severity-serious = 严重
severity-major = 重大
see-all = 查看全部
