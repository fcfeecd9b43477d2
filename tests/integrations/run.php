<?php
// Runs calls of the PHP client: a JSON list of {"call", "args"} on standard input, a JSON list of results out.
error_reporting(E_ALL);
set_error_handler(function ($level, $message, $file, $line) {
    if (error_reporting() & $level) {
        throw new ErrorException($message, 0, $level, $file, $line);
    }
    return false;
});
require "$argv[1]/php/LoyaltyWidget.php";
$calls = [
    'sign' => LoyaltyWidget::sign(...),
    'verify' => LoyaltyWidget::verify(...),
    'token' => LoyaltyWidget::identityToken(...),
    'digest' => LoyaltyWidget::identityDigest(...),
    'amount' => LoyaltyWidget::amount(...),
    'order' => fn ($order) => json_encode(LoyaltyWidget::orderBody($order), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
    'request' => fn (...$args) => array_values(LoyaltyWidget::request(...$args)),
];
$tasks = json_decode(stream_get_contents(STDIN), true);
echo json_encode(array_map(fn ($task) => $calls[$task['call']](...$task['args']), $tasks), JSON_UNESCAPED_UNICODE);
