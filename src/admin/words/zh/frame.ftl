## Around every page
skip = 跳到正文
menu = 菜单
language = 语言
choose = 选择
times-in-zone = 时区:{ $zone }
sign-out = 退出登录
back-to-overview = 返回概览
problem-forbidden = 您的角色无权执行此操作
problem-not-found = 此处没有内容
problem-refused = 未执行
problem-unavailable = 暂时无法执行
tamper-alarm = 账本与写入时不符。
tamper-alarm-see = 查看发现的问题

## Signing in
sign-in = 登录
account-name = 账户
account-name-wrong = 账户名由 1 到 64 个字母、数字、点、连字符和下划线组成。
passcode = 密码
passcode-hint = 至少 { $characters } 个字符。
sign-in-wrong = 账户或密码不正确。
sign-in-wait = 失败次数过多:请在 { $seconds } 秒后重试。
sign-in-busy = 暂时无法登录,请重试。
set-up = 第一个账户
set-up-what = 此账户管理对端、队列和账户,并为其他人创建账户。
set-up-make = 创建账户

## Words of the contract
verdict-permit = 允许
verdict-deny = 拒绝
verb-store = 存储
verb-query = 查询
verb-retrieve = 调阅
purpose-TREATMENT = 诊疗
purpose-EMERGENCY = 紧急（破窗访问）
purpose-PATIENT_REQUEST = 应患者要求
purpose-RESEARCH = 科研
purpose-OPERATIONS = 运营
purpose-PAYMENT = 费用结算
outcome-completed = 已完成
outcome-failed = 失败
outcome-interrupted = 中断
outcome-cancelled = 已取消
outcome-stopped = 已停止

## Heads of tables
head-when = 时间
head-code = 代码
head-what = 内容
head-requester = 请求方
head-verb = 请求
head-why = 原因
head-queue = 队列
head-state = 状态
head-waiting = 等待
head-dead = 无法投递
head-quarantined = 隔离
head-institution = 机构
head-score = 信用分
head-of-1000 = 满分 1000
head-entry = 条目
head-decision = 决定
head-recipient = 接收方
head-patient = 患者
head-purpose = 目的
head-answer = 结果
head-outcome = 结局
head-detail = 详情
head-status = 状态码
head-bytes = 数据量
head-rate = 速率
head-instance = 实例
head-instances = 图像
head-failed = 失败
head-warned = 有警告
head-spooled = 已暂存
head-ended = 结束
head-fault = 故障方
head-tries = 尝试次数
head-consent = 同意
head-speaks = 对本请求

## Looking for something
search = 搜索
search-clear = 清除
any = 全部
older = 更早
none-so-far = 最新的记录中没有。请继续查看更早的记录。
there-is-more = 还有更多内容未在此显示。
ae-title = AE 标题
field-ae = AE 标题
field-user = 用户
field-from = 从
field-to = 至
field-other = 某个字段
field-unreadable = { $field }：无法识别。
field-patient-id = 患者 ID
field-patient-issuer = 患者 ID 签发者
study-instance-uid = Study Instance UID
show-patient = 显示患者身份
look-is-recorded = 此次查看将记入账本。

## Why something was refused
reason-no-consent = 没有同意
reason-no-patient = 未识别患者
reason-no-rule = 没有策略允许
reason-no-contract = 没有生效的合约
reason-rule-error = 策略出错
reason-plain = 要求加密传输
reason-denied = 患者拒绝
reason-emergency-limit = 已达紧急访问上限
