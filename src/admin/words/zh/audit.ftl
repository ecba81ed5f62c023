## Audit
audit = 审计

## Searching
audit-from = 从
audit-to = 此前
audit-ae = AE 标题
audit-user = 人员
audit-purpose = 目的
audit-verdict = 决定
audit-kind = 类型
audit-pseudonym = 假名
audit-any = 全部
audit-search = 搜索
audit-all = 全部条目
audit-presets = 常用搜索：
audit-preset-refused = 被拒绝的请求
audit-preset-emergencies = 紧急访问（破窗）
audit-preset-alerts = 警报
audit-preset-looks = 谁查看过患者信息
audit-fault = 无法理解此搜索条件：{ $field }
audit-nothing = 账本中没有符合条件的条目。请扩大时间范围或清空某个筛选条件。
audit-nothing-so-far = 最新的条目中没有符合条件的。请查看更早的条目，或指定时间。
audit-entries = 条目（最新在前）
audit-entry = 条目
audit-parties = 机构
audit-by = 执行者
audit-older = 更早的条目

## Patients
audit-patient = 查找某位患者的条目
audit-patient-what = 您对该患者的查找将被记录。页面地址中只有假名，没有姓名。
audit-patient-id = 患者 ID
audit-patient-issuer = 患者 ID 签发方
audit-patient-find = 查找
audit-patient-unknown = 网关未见过该患者，或已将其遗忘。
audit-study = Study Instance UID
audit-reason = 理由
audit-guardian = 监护人

## One entry
audit-entry-number = 条目 { $entry }
audit-back = 返回搜索
audit-entry-before = 上一条
audit-entry-after = 下一条
audit-follows = 源自决定
audit-about = 关于条目
audit-line = 账本中的原始条目
audit-line-what = 患者以假名表示，检查以带密钥的摘要表示。
audit-sealed = 涉及的患者
audit-sealed-what = 患者信息密封保存在该条目旁。向您显示这些信息将记入账本。
audit-sealed-show = 显示
audit-sealed-gone = 已无法打开：该患者已被遗忘，或相关信息已被删除。
audit-sealed-recorded = 本次显示已记录。

## Exports
audit-export = 导出
audit-export-what = 导出上述搜索在所选全部时间内找到的内容，附带无遗漏的证明，并由网关签名。导出本身也是账本中的一个条目。
audit-formats = 格式
audit-format = 格式
audit-format-csv = CSV，用于电子表格
audit-format-html = HTML，用于打印
audit-format-jsonl = JSON Lines，供程序使用
audit-format-dicom = DICOM 审计消息（PS3.15）
audit-format-fhir = FHIR AuditEvent
audit-format-page = 供患者阅读的页面
audit-identified = 包含患者 ID、Study Instance UID 和理由
audit-zone = 本地时间的时区
audit-export-begin = 开始导出
audit-export-refused = 未开始导出：{ $why }
audit-exports = 我的导出
audit-exports-none = 没有保存您的导出。请在搜索下方开始一个导出。
audit-exports-what = 导出保留四小时，网关重启后不再保留。持有该文件的任何人都可离线验证：
audit-exports-verify = 如何验证导出
audit-patients = 患者
audit-clear = 明文
audit-pseudonymous = 假名
audit-records = 记录数
audit-size = 大小
audit-actions = 操作
audit-progress = { $done } / { $of } 条
audit-stage-under-way = 进行中
audit-stage-done = 已就绪
audit-stage-failed = 失败
audit-stage-cancelled = 已取消
audit-until = 保留至
audit-cancel = 取消
audit-remove = 移除
audit-download = 下载

## Disclosures
audit-disclosures = 披露清单
audit-disclosures-what = 关于某位患者发往其他机构的内容。您的查询将被记录。
audit-years = 追溯年数
